local url = "https://api.example.com/v1"

test("a second question replaces the first", function()
  local alice = bot:user("alice")
  bot:answers(url, { stream = { "苹果是水果。", "\n\n它是红的。" }, pause = 8 })
  expect(alice:says("苹果？")):is("苹果是水果。")
  bot:answers(url, { stream = { "梨也是水果。" } })
  expect(alice:says("那梨呢？")):is("梨也是水果。")
  expect(pcall(alice.expects_later, alice, "它是红的。", 20)):is(false)
end)
