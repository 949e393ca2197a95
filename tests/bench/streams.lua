-- Reads endless streams of events: streams.lua URL STREAMS SECONDS. Gives the CPU time of an event in microseconds and
-- the memory of a stream in KB.
local url, streams, seconds = arg[1], tonumber(arg[2]), tonumber(arg[3])
local events, waiting, tasks = 0, 0, {}

local function rss()
  local file = io.open("/proc/self/status")
  local kb = file:read("a"):match("VmRSS:%s*(%d+)")
  file:close()
  return tonumber(kb)
end

local function read()
  local r <close>, err = wechat.http.stream { url = url }
  assert(r, err)
  waiting = waiting - 1
  for event in r:events() do
    assert(event.event == "message")
    events = events + 1
  end
end

local function open(count)
  for i = 1, count do
    waiting = waiting + 1
    tasks[#tasks + 1] = wechat.spawn(read)
    if i % 50 == 0 then wechat.sleep(0.02) end
  end
  while waiting > 0 do wechat.sleep(0.02) end
end

open(20)
collectgarbage()
local before = rss()
open(streams - 20)
collectgarbage()
local each = (rss() - before) / (streams - 20)
local events_before, cpu = events, os.clock()
wechat.sleep(seconds)
local us = (os.clock() - cpu) * 1e6 / (events - events_before)
for _, task in ipairs(tasks) do task:cancel() end
return ("%.3f %.3f"):format(us, each)
