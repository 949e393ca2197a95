local Account = {} Account.__index = Account
function Account.of(msg) local self = setmetatable({}, Account) self.openid = msg.source self.msg = msg return self end
function Account:say(text, ...) wechat.send_text_message(self.openid, text:format(...)) return self end
function Account:profile() self.cached = self.cached or wechat.user.info { openid = self.openid, lang = "zh_CN" } return self.cached end
function on_message(msg)
  local me = Account.of(msg):say("你好 %s", "a"):say("再见")
  return me:profile().nickname .. me.msg.content .. me.openid
end
