-- A language model that takes its time: it is asked once however often the platform retries, "typing" shows
-- meanwhile, and its answer goes out as a customer service message when it missed the platform's five seconds.
-- The talk so far is kept in the session. MODEL_URL and MODEL_KEY in the environment say who is asked.

local url = os.getenv("MODEL_URL") or "https://api.example.com/v1/chat/completions"
local headers = { Authorization = "Bearer " .. (os.getenv("MODEL_KEY") or "") }
local turns_kept = 20

local function ask_model(messages)
  local answer, err = wechat.http.post(url, {
    json = { model = "default", messages = messages }, headers = headers, timeout = 100,
  })
  if not answer then return nil, tostring(err) end
  local reply = wechat.json.decode(answer.body)
  if answer.status ~= 200 or not reply then return nil, "HTTP " .. answer.status end
  return reply.choices[1].message.content
end

function on_message(msg)
  if msg.type ~= "text" then return "请用文字和我说话。" end
  local talk = assert(wechat.session())
  if msg.content == "重来" then
    talk.messages = nil
    return "好，我们重新开始。"
  end
  wechat.spawn(function() wechat.message.custom.typing { touser = msg.source, command = "Typing" } end)
  local messages = talk.messages or {}
  messages[#messages + 1] = { role = "user", content = msg.content }
  local said, why = ask_model(messages)
  if not said then
    wechat.log.error("the model did not answer: " .. why)
    return "我现在想不出来，请稍后再试。"
  end
  messages[#messages + 1] = { role = "assistant", content = said }
  talk.messages = table.move(messages, math.max(1, #messages - turns_kept + 1), #messages, 1, {})
  return said
end
