local alice = bot:user("alice")

test("who comes through a shop's code is greeted by it", function()
  alice:unfollows()
  expect(alice:follows("shop-42")):contains("42 号店")
end)

test("who follows already is greeted by the code that is scanned", function()
  expect(alice:scans("conference")):contains("slides")
  expect(alice:scans("nowhere")):is("您已经关注我们了。")
end)

test("who leaves is not written to", function() expect(alice:unfollows()):is_nil() end)
