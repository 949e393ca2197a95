local alice = bot:user("alice")

test("a die has as many sides as asked for", function()
  expect(alice:says("掷骰子 1")):is("掷出了 1")
  expect(alice:says("掷骰子")):matches("^掷出了 [1-6]$")
end)

test("words are said again", function() expect(alice:says("重复 3 次 月")):is("月\n月\n月") end)

test("the help button and the word have one answer", function()
  expect(alice:causes("CLICK", { EventKey = "HELP" })):is(alice:says("帮助").text)
end)

test("a picture comes back", function() expect(alice:sends_image().kind):is("image") end)

test("who follows is told of the help", function() expect(alice:follows()):contains("帮助") end)
