-- bot.lua 应当做到的事，以用户看到的为准。运行：wemoon test bot_spec.lua

test("greets who follows", function()
  expect(bot:user("alice"):follows()):contains("欢迎关注")
end)

test("remembers each user's own name", function()
  bot:user("alice"):says("我叫小月")
  expect(bot:user("alice"):says("在吗")):is("小月，你说：在吗")
  expect(bot:user("bob"):says("在吗")):is("朋友，你说：在吗")
end)
