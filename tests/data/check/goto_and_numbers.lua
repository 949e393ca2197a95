local function fold(f, acc, ...)
  for i = 1, select("#", ...) do acc = f(acc, (select(i, ...))) end
  return acc
end
function on_message(msg, ...)
  local sum = fold(function(a, b) return a + b end, 0, 1, 2, 3)
  local n = 7 // 2 | 1 << 3 ~ 2
  local s <const> = [==[
long ]] wechat.nothing
]==]
  for i = 1, 3 do
    for j = 1, 3 do
      if (i * j) % 2 == 0 then goto continue end
      n = n + i
      ::continue::
    end
  end
  return s .. sum .. n .. #s .. -n ^ 2
end
