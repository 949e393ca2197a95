-- A second question replaces the first: what is still being written for the first one ends, and nothing of it arrives
-- any more. MODEL_URL, MODEL_KEY and MODEL_NAME in the environment say which language model is asked.

local model = require "wechat.model" {
  url = os.getenv("MODEL_URL") or "https://api.example.com/v1",
  key = os.getenv("MODEL_KEY"),
  model = os.getenv("MODEL_NAME") or "default",
}

function on_message(msg)
  if msg.type ~= "text" then return end
  wechat.newest()  -- the user has changed their mind
  local _, err = model:reply(msg, { system = "回答简短，用用户的语言。" })
  if not err then return end
  wechat.log.error(tostring(err))
  return err.begun and "……\n（回答中断了，请再问一次。）" or "我现在想不出来，请稍后再试。"
end
