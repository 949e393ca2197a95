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

-- Bytes that are no UTF-8 are refused where they stand, in every call that writes JSON.
local gbk = "你\xC4\xE3"
check.raises("value.a[2] is no UTF-8 (byte 4): write such bytes as base64", json.encode, { a = { "好", gbk } })
check.raises("value.a has a key that is no UTF-8 (byte 4)", json.encode, { a = { [gbk] = 1 } })
check.raises("wechat.http.post: json.text is no UTF-8 (byte 4)", wechat.http.post, "http://127.0.0.1:9/", { json = { text = gbk } })
check.raises("wechat.message.custom.send_text: body: cannot be written as JSON: value.text.content is no UTF-8 (byte 4)",
  wechat.message.custom.send_text, { touser = "o1", text = { content = gbk } })
check.raises("value.a is no UTF-8 (byte 4)", wechat.call, "POST", "/cgi-bin/x", {}, { a = gbk })
check.raises("value is no UTF-8 (byte 1)", json.encode, "\xED\xA0\x80")
check.raises("value is no UTF-8 (byte 3)", json.encode, "ab\xF0\x9F\x98")

-- A message can be written at any time.
local msg = check.event("pic_weixin", {},
  "<SendPicsInfo><PicList><item><PicMd5Sum>a</PicMd5Sum></item></PicList></SendPicsInfo>")
check.equal(json.decode(json.encode(msg)).SendPicsInfo, { PicList = { item = { { PicMd5Sum = "a" } } } })
check.equal(json.decode(json.encode(wechat.config)).deadline_ms, 4000)

-- A float without a fraction is written as an integer, whatever its size.
check.equal(wechat.json.encode { 20.0, 1e15, -1e16, 2.0 ^ 62, 0.5, 1e300 },
  "[20,1000000000000000,-10000000000000000,4611686018427387904,0.5,1e+300]")
