local key = { song = { EventKey = "SONG" }, like = { EventKey = "LIKE" } }

test("the song plays", function()
  local reply = bot:user("alice"):causes("CLICK", key.song)
  expect(reply.kind):is("music")
  expect(reply.title):is("月光")
end)

test("likes are counted", function()
  bot:user("alice"):causes("CLICK", key.like)
  expect(bot:user("bob"):causes("CLICK", key.like)):contains("第 2 个赞")
end)
