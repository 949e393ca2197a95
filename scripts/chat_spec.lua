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
