-- wechat.json, wechat.utf8, wechat.base64, the digests, and the signature of payments.

local as_text = require "wechat.as_text"

-- "a=1&b=2", the text that is signed: sorted by name, without empty values and without the signature itself
-- ("支付签名").
local function signed_text(params, fail)
  local parts = {}
  for name, value in pairs(params) do
    if type(name) ~= "string" then
      fail("wechat.pay_sign: params has a key that is a %s (string expected)", type(name))
    end
    if type(value) ~= "string" and type(value) ~= "number" then
      fail("wechat.pay_sign: params.%s is a %s (string or number expected)", name, type(value))
    end
    local text, fault = as_text(value)
    if not text then fail("wechat.pay_sign: params.%s %s", name, fault) end
    if text ~= "" and name ~= "sign" and name ~= "paySign" then parts[#parts + 1] = { name, text } end
  end
  table.sort(parts, function(a, b) return a[1] < b[1] end)
  for i, part in ipairs(parts) do parts[i] = part[1] .. "=" .. part[2] end
  return table.concat(parts, "&")
end

---@param wechat table
---@param host table
return function(wechat, host)
  local add, codec, json = host.args.add, host.codec, host.json

  --- JSON. A table with keys 1..n is an array, with string keys an object, an empty one an object unless
  --- `array` marked it.
  ---@class wechat.json
  ---@field encode fun(value: any): string keys sorted; raises, naming the path, for a value that JSON cannot represent
  ---@field decode fun(text: string): any, string? nil and why not; arrays are marked: empty ones stay arrays
  ---@field array fun(list?: table): table marks the table as an array and gives it back
  ---@field null lightuserdata null, where nil would be no value
  wechat.json = { encode = json.encode, decode = json.decode, array = json.array, null = json.null }

  add(wechat, "utf8.len", { { "s", "string" } }, codec.utf8_len,
    "How many characters a text has; a byte that belongs to none counts as one.")
  local span = { { "s", "string" }, { "i", "integer" }, { "j", "integer?", "-1" } }
  add(wechat, "utf8.sub", span, codec.utf8_sub,
    "Characters i to j; negative positions count from the end, as in string.sub.")
  add(wechat, "utf8.cut", { { "s", "string" }, { "bytes", "integer" } }, codec.utf8_cut,
    "The longest beginning of at most so many bytes that ends with a whole character.")

  add(wechat, "base64.encode", { { "data", "string" } }, codec.base64_encode, "Base64 of the bytes.")
  add(wechat, "base64.decode", { { "text", "string" } }, codec.base64_decode, "The bytes; nil and why not.")
  add(wechat, "sha1", { { "data", "string" } }, codec.sha1, "SHA-1 in lower-case hex.")
  add(wechat, "md5", { { "data", "string" } }, codec.md5, "MD5 in lower-case hex.")
  add(wechat, "hmac_sha256", { { "key", "string" }, { "data", "string" } }, codec.hmac_sha256,
    "HMAC-SHA256 in lower-case hex.")

  add(wechat, "plain", { { "markdown", "string", "at most 65536 bytes" } }, codec.plain,
    "What a chat can show of Markdown: no marks; links as <a>; items, rows of tables and code as lines; pictures named.")

  local params_row = { "params", "table", "what is signed; empty values and `sign` are left out" }
  add(wechat, "pay_sign", { params_row }, function(params)
    local kind = params.sign_type or params.signType or "MD5"
    if kind ~= "MD5" and kind ~= "HMAC-SHA256" then
      host.args.fail("wechat.pay_sign: sign_type is '%s' (MD5 or HMAC-SHA256 expected)", tostring(kind))
    end
    return host.message.pay_digest(signed_text(params, host.args.fail), kind == "HMAC-SHA256")
  end, "The signature of a payment request, upper-case hex: MD5 with `partnerkey`, or what sign_type says.")
end
