-- wechat.json.
local check = require "check"
local json = wechat.json

check.equal(json.encode { b = 1, a = { true, json.null, "你好" } }, '{"a":[true,null,"你好"],"b":1}')
check.equal(json.encode { value = 1 }, '{"value":1}')
check.equal(json.encode(json.decode('{"a":[],"b":{},"n":9223372036854775807}')),
  '{"a":[],"b":{},"n":9223372036854775807}')
check.equal(json.encode(json.array {}), "[]")
check.equal(json.decode("[1,2.5,\"x\"]"), { 1, 2.5, "x" })
check.equal(json.decode("null"), json.null)
check.equal(math.type(json.decode("1")), "integer")
check.equal(json.decode('"\\u4f60\\u597d\\ud83d\\ude00"'), "你好😀")

-- What the platform breaks is taken.
check.equal(json.decode('{"a":"line\nbreak\ttab"}').a, "line\nbreak\ttab")
assert(json.decode('{"nickname":"\xe4\xbd"}').nickname)

-- What is no JSON gives nil and why.
local value, why = json.decode("{")
check.equal(value, nil)
check.equal(type(why), "string")

check.raises("value.a[1].b is a function", json.encode, { a = { { b = print } } })
check.raises("is not a finite number", json.encode, { 0 / 0 })
check.raises("holes", json.encode, { 1, nil, 3 })
check.raises("named keys too", json.encode, { 1, x = 2 })
local cycle = {}
cycle.again = cycle
check.raises("value.again contains itself", json.encode, cycle)

-- A message can be written at any time.
local msg = check.event("pic_weixin", {},
  "<SendPicsInfo><PicList><item><PicMd5Sum>a</PicMd5Sum></item></PicList></SendPicsInfo>")
check.equal(json.decode(json.encode(msg)).SendPicsInfo, { PicList = { item = { { PicMd5Sum = "a" } } } })
check.equal(json.decode(json.encode(wechat.config)).deadline_ms, 4000)

-- A float without a fraction is written as an integer, whatever its size.
check.equal(wechat.json.encode { 20.0, 1e15, -1e16, 2.0 ^ 62, 0.5, 1e300 },
  "[20,1000000000000000,-10000000000000000,4611686018427387904,0.5,1e+300]")
