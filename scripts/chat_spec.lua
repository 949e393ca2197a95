local url = "https://api.example.com/"

local function says(text) return { choices = { { message = { role = "assistant", content = text } } } } end

test("the model's answer is the reply, and typing shows meanwhile", function()
  bot:answers(url, says("我是月亮"))
  expect(bot:user("alice"):says("你是谁")):contains("我是月亮")
  expect(function() return #bot:calls("message.custom.typing") end):becomes(1)
end)

test("the talk so far is asked along, until it begins anew", function()
  bot:answers(url, says("好"))
  bot:user("alice"):says("一")
  bot:user("alice"):says("二")
  expect(bot:requests()[2].body):contains("一")
  expect(#bot:session("alice").messages):is(4)
  bot:user("alice"):says("重来")
  expect(bot:session("alice").messages):is_nil()
end)

test("a model that fails is no silence", function()
  bot:answers(url, { status = 500, body = "" })
  expect(bot:user("alice"):says("在吗")):contains("请稍后再试")
end)
