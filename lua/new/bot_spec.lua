-- What bot.lua must do, as users see it. Run it: wemoon test bot_spec.lua

test("greets who follows", function()
  expect(bot:user("alice"):follows()):contains("欢迎关注")
end)

test("remembers each user's own name", function()
  bot:user("alice"):says("我叫小月")
  expect(bot:user("alice"):says("在吗")):is("小月，你说：在吗")
  expect(bot:user("bob"):says("在吗")):is("朋友，你说：在吗")
end)
