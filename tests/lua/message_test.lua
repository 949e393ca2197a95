-- check_signature, parse_data, get_message, generate_jsapi_signature, pay_sign.
local check = require "check"

local function sign(...)
  local parts = { ... }
  table.sort(parts)
  return wechat.sha1(table.concat(parts))
end

-- Signatures: the token, the former one; exact.
check.equal(wechat.check_signature(sign("wemoontoken", "1700000000", "n1"), "1700000000", "n1"), true)
check.equal(wechat.check_signature(sign("wemoontoken", "1700000000", "n1"), 1700000000, "n1"), true)
check.equal(wechat.check_signature(sign("formertoken", "1700000000", "n1"), "1700000000", "n1"), true)
check.equal(wechat.check_signature(sign("othertoken", "1700000000", "n1"), "1700000000", "n1"), false)
check.equal(wechat.check_signature(sign("wemoontoken", "1700000000", "n1"):upper(), "1700000000", "n1"),
  false)
check.equal(wechat.check_signature(sign("wemoontoken", "1700000000", "n1"):sub(1, 39), "1700000000", "n1"),
  false)
check.equal(wechat.check_signature { signature = "", timestamp = "1", nonce = "2" }, false)

-- Messages.
local msg = wechat.parse_data(check.xml("text", { { "Content", "hi" } }, "<MsgId>24000000000000001</MsgId>"))
check.equal({ msg.type, msg.content, msg.id }, { "text", "hi", 24000000000000001 })
check.equal({ msg.source, msg.target }, { "oUser1", "gh_1" })
assert(wechat.get_message() == msg)
local pushed = '{"ToUserName":"gh_1","FromUserName":"o","CreateTime":1700000000,"MsgType":"text","MsgId":5}'
check.equal(wechat.parse_data(pushed).id, 5)

-- What is no message.
local broken = {
  "", "x", "<xml>", "<xml></xml>", "<xml><MsgType>event</MsgType></xml>", "{}", "[]", '{"MsgType":"text"} x',
}
for _, data in ipairs(broken) do
  local before = wechat.get_message()
  local none, why = wechat.parse_data(data)
  check.equal(none, nil, data)
  check.equal(type(why), "string", data)
  assert(wechat.get_message() == before)
end

-- A sealed one, opened by its signature.
local sealed = "<xml><ToUserName>gh_1</ToUserName><Encrypt>AAAA</Encrypt></xml>"
local none, why = wechat.parse_data(sealed, sign("wemoontoken", "1", "n", "AAAB"), "1", "n")
check.equal(none, nil)
check.has(why, "msg_signature")
none, why = wechat.parse_data(sealed, sign("wemoontoken", "1", "n", "AAAA"), "1", "n")
check.equal(none, nil)
check.equal(type(why), "string")
check.raises("wechat.parse_data: nonce is missing", wechat.parse_data, sealed, "s", "1")

-- The JS-SDK's signature, as the platform's page computes it.
local ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
local page = "http://mp.weixin.qq.com?params=value#part"
check.equal(wechat.generate_jsapi_signature(1414587457, "Wm3WZYTPz0wzccnW", page, ticket),
  "0f9de62fce790f9a083d5c99e95740ceb90c27ed")

-- Payments: sorted, MD5 with the merchant's key, upper case; the example of the platform's page.
local order = {
  appid = "wxd930ea5d5a258f4f", mch_id = "10000100", device_info = "1000", body = "test",
  nonce_str = "ibuaiVcKdpRxkhJA", sign = "x", attach = "",
}
check.equal(wechat.pay_sign(order), "9A0A8659F005D6984697E2CA0A9CF3B7")
order.sign_type = "HMAC-SHA256"
check.equal(#wechat.pay_sign(order), 64)
check.raises("params.body is a table", wechat.pay_sign, { body = {} })
