-- What bots do, by the text that they get: answer, keep a session, call the platform, wait, come late, converse.
local talk = {
  echo = function(msg) return msg.content end,
  session = function()
    local session = wechat.session()
    session.n = (session.n or 0) + 1
    return "the message " .. session.n
  end,
  api = function(msg)
    local user, err = wechat.get_user_info(msg.source)
    return user and user.nickname or "sorry: " .. tostring(err)
  end,
  wait = function() wechat.sleep(0.2) return "waited" end,
  late = function() wechat.sleep(1.5) return "late" end,
  ask = function()
    local answer = wechat.ask("and?", { timeout_s = 2 })
    return answer and "so it is " .. answer.content or "nothing more?"
  end,
}

function on_message(msg)
  return (talk[msg.content] or talk.echo)(msg)
end
