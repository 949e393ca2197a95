test("a location that is sent finds the nearest shop", function()
  expect(bot:user("alice"):sends_location(31.19, 121.44)):contains("徐汇店")
end)

test("so does the position that the phone reports", function()
  expect(bot:user("alice"):locates(31.22, 121.55)):contains("浦东店")
end)

test("a text asks for a location", function() expect(bot:user("alice"):says("你好")):contains("发一个位置") end)
