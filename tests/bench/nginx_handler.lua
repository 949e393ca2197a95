-- The other side of the comparison: a handler for nginx, tuned by hand. One account, text messages echoed: it checks
-- the signature, finds the fields without patterns, renders the reply, and opens and seals in safe mode.

local envelope = require "envelope"
local TOKEN, APPID, KEY = os.getenv "BENCH_TOKEN", os.getenv "BENCH_APPID", os.getenv "BENCH_AES_KEY"
local safe = os.getenv "BENCH_MODE" == "safe"
local account = envelope.new(KEY, APPID)
local ngx, find, concat = ngx, string.find, table.concat
local ffi = require "ffi"

ffi.cdef [[
  unsigned char *ngx_hex_dump(unsigned char *to, const unsigned char *bytes, size_t len);
  int RAND_bytes(unsigned char *to, int count);
]]
local crypto, hex, noise = ffi.load "libcrypto.so.3", ffi.new "unsigned char[40]", ffi.new "unsigned char[16]"

local sorted = {}
local function sign(a, b, c, d)
  sorted[1], sorted[2], sorted[3], sorted[4] = a, b, c, d
  table.sort(sorted)
  ffi.C.ngx_hex_dump(hex, ngx.sha1_bin(concat(sorted)), 20)
  return ffi.string(hex, 40)
end

local function cdata(xml, name)
  local _, from = find(xml, "<" .. name .. "><![CDATA[", 1, true)
  if not from then return nil end
  local to = find(xml, "]]></", from + 1, true)
  return to and xml:sub(from + 1, to - 1)
end

local function reply_to(xml)
  local content = cdata(xml, "MsgType") == "text" and cdata(xml, "Content")
  if not content or not find(xml, "<MsgId>%d+</MsgId>") then return nil end
  return "<xml><ToUserName><![CDATA[" .. cdata(xml, "FromUserName") .. "]]></ToUserName><FromUserName><![CDATA["
    .. cdata(xml, "ToUserName") .. "]]></FromUserName><CreateTime>" .. ngx.time()
    .. "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" .. content .. "]]></Content></xml>"
end

local function random16()
  crypto.RAND_bytes(noise, 16)
  return ffi.string(noise, 16)
end

local function sealed(xml, timestamp, nonce)
  local text = account.seal(xml, random16())
  return "<xml><Encrypt><![CDATA[" .. text .. "]]></Encrypt><MsgSignature><![CDATA[" .. sign(TOKEN, timestamp, nonce, text)
    .. "]]></MsgSignature><TimeStamp>" .. timestamp .. "</TimeStamp><Nonce><![CDATA[" .. nonce .. "]]></Nonce></xml>"
end

return function()
  local var = ngx.var
  local timestamp, nonce = var.arg_timestamp, var.arg_nonce
  if not timestamp or not nonce or sign(TOKEN, timestamp, nonce) ~= var.arg_signature then return ngx.exit(403) end
  if math.abs(ngx.time() - (tonumber(timestamp) or 0)) > 600 then return ngx.exit(403) end
  ngx.req.read_body()
  local xml = ngx.req.get_body_data()
  if safe then
    local text = xml and cdata(xml, "Encrypt")
    if not text or sign(TOKEN, timestamp, nonce, text) ~= var.arg_msg_signature then return ngx.exit(403) end
    xml = account.open(text)
  end
  local reply = xml and reply_to(xml)
  if not reply then return ngx.exit(400) end
  if safe then reply = sealed(reply, timestamp, nonce) end
  ngx.header.content_type = "text/xml"
  ngx.header.content_length = #reply
  ngx.print(reply)
end
