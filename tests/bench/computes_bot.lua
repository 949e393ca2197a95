-- Each message computes for 2 ms, counted in rounds: a clock of the process's would count for all interpreters.
local function rounds(count)
  local sum = 0
  for i = 1, count do sum = sum + i % 7 end
  return sum
end

local began, each = os.clock(), 100000
for _ = 1, 20 do rounds(each) end
local of_2_ms = math.floor(20 * each * 0.002 / (os.clock() - began))

function on_message(msg)
  rounds(of_2_ms)
  return msg.content
end
