test("a keyword has its answer, with spaces around it too", function()
  expect(bot:user("alice"):says(" 电话 ")):contains("400-000-0000")
end)

test("the time is the time", function() expect(bot:user("alice"):says("时间")):is(os.date("现在是 %H:%M:%S")) end)

test("other words get the list", function() expect(bot:user("alice"):says("什么")):matches("^可以问我：.*地址") end)
