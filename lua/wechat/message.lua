-- Messages: the functions for a script that handles callbacks itself, and the current message.

---@class Message a message or event; every element is there too, under the platform's own name
---@field id? integer of messages; nil for events
---@field target string the account (ToUserName)
---@field source string the sender's openid (FromUserName)
---@field time integer when it was sent, Unix seconds
---@field type string text, image, voice ...; for an event its name in lower case
---@field event? string of events, the same as type
---@field raw string the decrypted document
---@field content? string text
---@field picurl? string image
---@field media_id? string image, voice, video, shortvideo
---@field format? string voice
---@field recognition? string voice, where the account has speech recognition
---@field thumb_media_id? string video, shortvideo
---@field location? {x: number, y: number} location: latitude and longitude
---@field scale? integer location
---@field label? string location
---@field title? string link
---@field description? string link
---@field url? string link
---@field key? string events: EventKey as sent
---@field scene? string subscribe, scan: the QR code's scene
---@field ticket? string subscribe, scan
---@field menu_id? string view
---@field latitude? number event location
---@field longitude? number event location
---@field precision? number event location
---@field status? string templatesendjobfinish

local as_text = require "wechat.as_text"

---@param wechat table
---@param host table
return function(wechat, host)
  local add, message = host.args.add, host.message

  add(wechat, "check_signature", {
    { "signature", "string" }, { "timestamp", "string|integer" }, { "nonce", "string|integer" },
  }, function(signature, timestamp, nonce)
    return message.check_signature(signature, as_text(timestamp), as_text(nonce))
  end, "Whether the platform signed this, with the token or the previous one.")

  add(wechat, "parse_data", {
    { "data", "string", "the body of a callback" },
    { "msg_signature", "string?", "of a sealed one, from the query" },
    { "timestamp", "string|integer?" }, { "nonce", "string|integer?" },
  }, function(data, msg_signature, timestamp, nonce)
    return message.parse(data, msg_signature, timestamp and as_text(timestamp), nonce and as_text(nonce))
  end, "The message, which becomes the current one; nil and why if it is not a message.")

  add(wechat, "get_message", {}, message.get,
    "The message being answered, or the one last parsed; nil without one.")

  add(wechat, "generate_jsapi_signature", {
    { "timestamp", "string|integer" }, { "noncestr", "string" }, { "url", "string", "the page's, cut at #" },
    { "jsapi_ticket", "string?", "the account's own" },
  }, function(timestamp, noncestr, url, ticket)
    if not ticket then
      local answer, err = wechat.get_jsapi_ticket()
      if not answer then return nil, err end
      ticket = answer.jsapi_ticket
    end
    return message.jsapi_signature(ticket, noncestr, as_text(timestamp), url)
  end, "The signature of a page that uses the JS-SDK.")
end
