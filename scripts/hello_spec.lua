test("a text is answered", function() expect(bot:user("alice"):says("你好")):is("你说：你好") end)

test("who follows is greeted", function() expect(bot:user("alice"):follows()):contains("欢迎关注") end)
