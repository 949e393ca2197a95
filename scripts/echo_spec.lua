test("a text comes back as it is", function()
  expect(bot:user("alice"):says("微月 <&> 🌙")):is("微月 <&> 🌙")
end)

test("anything else gets no reply", function()
  expect(bot:user("alice"):sends_image()):is_nil()
end)
