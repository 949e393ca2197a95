-- What one call of the platform costs: api.lua CALLS AT-ONCE; the CPU time of one in microseconds. With "wait": so many
-- scripts wait for one call each; the seconds it took and the KB of memory each needed.
local calls, at_once, waits = tonumber(arg[1]), tonumber(arg[2]), arg[3] == "wait"

local function memory_kb(what)
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^" .. what .. ":%s*(%d+)")
    if kb then return tonumber(kb) end
  end
end

-- So many coroutines share the calls; returns when all are answered.
local function run(count)
  local begun, ended, running = 0, 0, at_once
  for _ = 1, at_once do
    wechat.spawn(function()
      while begun < count do
        begun = begun + 1
        assert(wechat.menu.get())
        ended = ended + 1
      end
      running = running - 1
    end)
  end
  while running > 0 do wechat.sleep(0.005) end
  return ended
end

if waits then
  assert(wechat.menu.get())
  collectgarbage()
  local before = memory_kb("VmRSS")
  assert(run(calls) == calls)
  return (memory_kb("VmHWM") - before) / calls
end

run(at_once * 4)
local begun = os.clock()
run(calls)
return (os.clock() - begun) * 1e6 / calls
