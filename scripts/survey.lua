-- A conversation: `wechat.ask` sends a question as the reply and returns the user's next message, so that a
-- dialogue reads from top to bottom. Other users are answered meanwhile.

local function ask_number(question)
  for _ = 1, 3 do
    local answer, why = wechat.ask(question, { timeout_s = 300 })
    if not answer then return nil, why end
    local number = math.tointeger(tonumber(answer.content))
    if number and number >= 1 and number <= 5 then return number end
    question = "请回复 1 到 5 的数字"
  end
  return nil, "no number"
end

function on_message(msg)
  if msg.content ~= "评价" then return "回复“评价”，告诉我们您的感受" end
  local stars, why = ask_number("您给几颗星？（1 到 5）")
  if not stars then return why == "timeout" and "太久没有回复，下次再来吧" or "这次先到这里" end
  local comment = wechat.ask("还想说点什么？")
  if comment then wechat.store.incr("stars:" .. stars) end
  return ("谢谢！%s %s"):format(("★"):rep(stars), comment and comment.content or "")
end
