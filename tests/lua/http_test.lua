-- wechat.http: what goes out of the options, and which options raise. The host notes the request.
local check = require "check"

local sent
local host = {
  args = {
    add = function(wechat, name, _, body) wechat[name:match("[^.]+$")] = body end,
    fail = function(text, ...) error(text:format(...), 0) end,
  },
  path = function(name) return name end,
  codec = { url_encode = function(text) return (text:gsub("[\x80-\xff]", function(c) return ("%%%02X"):format(c:byte()) end)) end },
  json = wechat.json,
  http = {
    request = function(request)
      sent = request
      return { status = 200, headers = {}, body = "" }
    end,
  },
}
host.capture = { captures = false }
host.noted = require("wechat.capture")(host)
local http = {}
require "wechat.http"(http, host)

-- Numbers without a fraction are integers everywhere.
http.get("http://a/", { query = { n = 20.0, r = 0.25, big = 1e15, on = true } })
check.equal(sent.url, "http://a/?big=1000000000000000&n=20&on=true&r=0.25")
http.post("http://a/", { form = { n = 20.0 } })
check.equal(sent.body, "n=20")
http.post("http://a/", { files = { f = "/tmp/x" }, form = { n = 20.0, s = "x" } })
check.equal(sent.fields, { n = "20", s = "x" })
http.post("http://a/", { json = { n = 20.0 } })
check.equal(sent.body, '{"n":20}')
http.get("http://a/", { headers = { ["X-Count"] = 20.0 } })
check.equal(sent.headers, { { "X-Count", "20" } })
http.post("http://a/", { json = {}, headers = { ["content-type"] = "application/vnd.x+json" } })
check.equal(sent.headers, { { "content-type", "application/vnd.x+json" } }, "a type of the script's own")

-- Options may stand beside the url in one table, or in a table of their own; not in both.
check.raises("http.get: there is no option named 'colour'", wechat.http.get, { url = "http://a/", colour = 1 })
check.raises("http.post: json and body exclude each other", wechat.http.post, { url = "http://a/", json = {}, body = "b" })
check.raises("http.get: timeout must be a positive", wechat.http.get, { url = "http://a/", options = { timeout = 0 } })
check.raises("http.get: there is no argument named 'timeout'", wechat.http.get, { url = "http://a/", options = {}, timeout = 3 })
check.raises("http.get: url is missing (string)", wechat.http.get, { timeout = 3 })

-- Chinese in a URL is encoded, but for the host's; what is encoded already stays so.
for url, goes_out in pairs {
  ["http://a/天气?q=北京&r=a%20b#x"] = "http://a/%E5%A4%A9%E6%B0%94?q=%E5%8C%97%E4%BA%AC&r=a%20b#x",
  ["https://例子.cn/?q=é"] = "https://例子.cn/?q=%C3%A9",
  ["https://例子.cn"] = "https://例子.cn",
  ["天气"] = "天气",
} do
  http.get(url)
  check.equal(sent.url, goes_out)
end

-- What has no text raises, and so does what has no name; a value is not quoted, for it may be a secret.
sent = nil
for part, options in pairs {
  ['http.get: headers[1] has no name: write headers = {["Authorization"] = ...}'] = { headers = { "Authorization: Bearer abc" } },
  ['http.get: headers[1] has no name: write headers = {["NAME"] = ...}'] = { headers = { {} } },
  ['http.get: query[1] has no name: write query = {["NAME"] = ...}'] = { query = { "a=b" } },
  ['http.get: form[1] has no name'] = { form = { "a=b" } },
  ['http.get: files has a file without a field: write files = {field = path}'] = { files = { "/tmp/x" } },
  ['http.get: headers.X is a table (string, number or boolean expected)'] = { headers = { X = {} } },
  ['http.get: query.q is not a finite number'] = { query = { q = 0 / 0 } },
  ['http.get: form.q is not a finite number'] = { form = { q = 1 / 0 } },
  ['http.get: json.list[2].q is not a finite number'] = { json = { list = { 1, { q = 0 / 0 } } } },
  ['http.get: headers.q is not a finite number'] = { headers = { q = -1 / 0 } },
} do
  local why = check.raises(part, http.get, "http://a/", options)
  check.equal(tostring(why):find("abc", 1, true), nil, "a quoted secret")
end
check.equal(sent, nil, "a request after a fault")

-- The error names the byte, not a wrong beginning.
for url, why in pairs {
  ["http://127.0.0.1:9/a b"] = "byte 21 of the address is a space: write %20 in its place",
  [" http://127.0.0.1:9/"] = "byte 1 of the address is a space: write %20 in its place",
  ["http://127.0.0.1:9/a\nb"] = "byte 21 of the address is a control character: write %0A in its place",
  ["http://127.0.0.1:9/a\tb"] = "byte 21 of the address is a control character: write %09 in its place",
  ["http://127.0.0.1:9/a\0b"] = "byte 21 of the address is a control character: write %00 in its place",
  ["ftp://127.0.0.1/"] = "the address must begin with http:// or https://",
  ["http://:9/"] = "the address names no host",
  ["http://h:99999/"] = "the port in the address is not a number from 1 to 65535",
  ["127.0.0.1"] = 'the address has no "://": write it like https://HOST/PATH',
} do check.raises("wechat.http.get: " .. why, wechat.http.get, url) end
