-- The load, for wrk: text messages, each with a MsgId of its own, signed and, in safe mode, sealed as they are sent.
-- wrk ... -- MODE TOKEN TIMESTAMP APPID AES_KEY CONNECTION FOLDER [TEXT,TEXT,... [PAUSE]]
-- The texts are sent in turn, with a pause of so many milliseconds on each connection.

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local envelope, account, mode, token, timestamp, signature, headers
local nonce = "n0123456789"
local count, prefix = 0, nil
local texts, pause = {}, nil

function init(args)
  mode, token, timestamp = args[1], args[2], args[3]
  package.path = args[7] .. "/?.lua;" .. package.path
  envelope = require "envelope"
  account = envelope.new(args[5], args[4])
  signature = envelope.sign(token, timestamp, nonce)
  headers = { ["Content-Type"] = "text/xml", Host = "127.0.0.1" }
  if args[6] == "close" then headers.Connection = "close" end
  for text in (args[8] or "你好，今天的天气怎么样？"):gmatch("[^,]+") do texts[#texts + 1] = text end
  pause = tonumber(args[9])
  if pause then
    function delay() return pause end
  end
  prefix = string.format("%s%d", tostring(os.time()), number)
end

local function message()
  count = count + 1
  return "<xml><ToUserName><![CDATA[gh_demo000001]]></ToUserName><FromUserName><![CDATA[oDemoUser000000000000000000"
    .. count % 90 + 10 .. "]]></FromUserName><CreateTime>" .. timestamp
    .. "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" .. texts[count % #texts + 1]
    .. "]]></Content><MsgId>"
    .. prefix .. string.format("%08d", count % 100000000) .. "</MsgId></xml>"
end

-- Who sends for longer than a callback is valid signs each second anew.
local function sign_anew()
  local now = tostring(os.time())
  if now ~= timestamp then timestamp, signature = now, envelope.sign(token, now, nonce) end
end

function request()
  if pause then sign_anew() end
  local target = "/wechat?signature=" .. signature .. "&timestamp=" .. timestamp .. "&nonce=" .. nonce .. "&openid=oDemoUser"
  if mode ~= "safe" then return wrk.format("POST", target, headers, message()) end
  local text = account.seal(message(), "0123456789abcdef")
  target = target .. "&encrypt_type=aes&msg_signature=" .. envelope.sign(token, timestamp, nonce, text)
  return wrk.format("POST", target, headers,
    "<xml><ToUserName><![CDATA[gh_demo000001]]></ToUserName><Encrypt><![CDATA[" .. text .. "]]></Encrypt></xml>")
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"lost":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), latency.max, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
