-- A language model answers, with the talk so far: what it has written by the platform's deadline is the answer, the
-- rest follows in parts. 重来 begins anew. MODEL_URL, MODEL_KEY and MODEL_NAME in the environment say who is asked.

local model = require "wechat.model" {
  url = os.getenv("MODEL_URL") or "https://api.example.com/v1",
  key = os.getenv("MODEL_KEY"),
  model = os.getenv("MODEL_NAME") or "default",
}

local tools = {
  now = {
    description = "the date and time in Beijing",
    call = function() return os.date("!%Y-%m-%d %H:%M", os.time() + 8 * 3600) end,
  },
}

local system = "你是一个公众号的助手。回答简短，用用户的语言。"

function on_message(msg)
  if msg.event then return msg.event == "subscribe" and "你好，问我什么都行。" or nil end
  if msg.content == "重来" then
    wechat.newest()  -- an answer under way ends
    model:forget(msg)
    return "好，我们重新开始。"
  end
  if not wechat.allow("chat/" .. msg.source, 20, 3600) then return "问得有点多，过一会儿再来吧。" end
  local _, err = model:reply(msg, { system = system, tools = tools, keep = 20 })
  if not err then return end
  wechat.log.error(tostring(err))
  return err.begun and "……\n（回答中断了，请再问一次。）" or "我现在想不出来，请稍后再试。"
end
