local url = "https://api.example.com/v1"

local function says(text) return { choices = { { message = { role = "assistant", content = text } } } } end

test("the model's answer is the reply, as a chat can show it", function()
  bot:answers(url, says("我是**月亮**。"))
  expect(bot:user("alice"):says("你是谁")):is("我是月亮。")
end)

test("the talk so far is asked along, until it begins anew", function()
  bot:answers(url, says("好"))
  bot:user("alice"):says("苹果")
  bot:user("alice"):says("二")
  expect(bot:requests()[2].body):contains("苹果")
  bot:user("alice"):says("重来")
  bot:user("alice"):says("三")
  expect(bot:requests()[3].body:find("苹果", 1, true)):is_nil()
end)

test("a model that fails is no silence", function()
  bot:answers(url, { status = 401, body = '{"error":{"message":"no such key"}}' })
  expect(bot:user("alice"):says("在吗")):contains("请稍后再试")
end)

test("an answer that breaks off says so in a sentence of its own", function()
  local begun, fails = '{"choices":[{"delta":{"content":"今天天气"}}]}', '{"error":{"message":"overloaded"}}'
  bot:answers(url, { headers = { ["Content-Type"] = "text/event-stream" }, body = ("data: %s\n\ndata: %s\n\n"):format(begun, fails) })
  expect(bot:user("alice"):says("天气")):is("今天天气……\n（回答中断了，请再问一次。）")
end)
