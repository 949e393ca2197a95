test("a text gets the way to the login", function() expect(bot:user("alice"):says("你好")):contains("/login") end)
