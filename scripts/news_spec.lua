test("a tap gets all articles", function()
  local reply = bot:user("alice"):causes("CLICK", { EventKey = "NEWS" })
  expect(#reply.articles):is(3)
  expect(reply.articles[1].title):is("月亮今晚的样子")
end)

test("a text finds one", function() expect(bot:user("alice"):says("星空").articles[1].title):is("本周星空") end)

test("what is not there is said so", function() expect(bot:user("alice"):says("火星")):contains("没有找到") end)
