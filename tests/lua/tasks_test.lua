-- Tasks: what joins, what cancels, how many are inside.
local check = require "check"

local function nap() wechat.sleep(0.02) end

-- ---- join

local task = wechat.spawn(function(a, b) nap() return a + b, nil, 3 end, 1, 2)
check.equal(table.pack(task:join()), { 3, nil, 3, n = 3 }, "what fn returned, nil too")
check.equal(table.pack(task:join()), { 3, nil, 3, n = 3 }, "once more")
check.equal(task:cancel(), false, "it has ended")

local _, err = wechat.spawn(function() nap() error({ code = 7 }) end):join()
check.equal(err.code, 7, "the error's own value")
_, err = wechat.spawn(function() error("bad", 0) end):join()
check.equal(err, "bad")

task = wechat.spawn(function() wechat.sleep(60) end)
check.equal(table.pack(task:join(0.02)), { nil, "timeout", n = 2 })
check.equal(task:cancel(), true)
check.equal(table.pack(task:join()), { nil, "cancelled", n = 2 })

local many, woken = wechat.spawn(nap), 0
for _ = 1, 5 do wechat.spawn(function() many:join() woken = woken + 1 end) end
many:join()
nap()
check.equal(woken, 5, "all who wait for its end")

-- ---- cancel

local closed, after = {}, false
task = wechat.spawn(function()
  local _ <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "outer" end })
  pcall(function()
    local _ <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "inner" end })
    while true do pcall(wechat.sleep, 60) end
  end)
  after = true
end)
nap()
task:cancel()
check.equal({ closed, after }, { { "inner", "outer" }, false }, "no pcall stops a cancel; <close> runs")

local begun = false
wechat.spawn(function() begun = true end):cancel()
nap()
check.equal(begun, false, "one that has not begun")

local child
task = wechat.spawn(function() child = wechat.spawn(wechat.sleep, 0.04) child:join() end)
nap()
task:cancel()
check.equal(child:join(), nil, "what it spawned goes on")
check.equal(child:cancel(), false)

local own
own = wechat.spawn(function() nap() return pcall(own.cancel, own) end)
check.equal((own:join()), false, "a task does not cancel itself")
check.raises("task:join", function() task.join({}) end)
check.raises("wechat.spawn: fn is a number", function() wechat.spawn(1) end)

-- ---- gates

local gate, inside, most, order = wechat.gate(2), 0, 0, {}
local tasks = {}
for i = 1, 8 do
  tasks[i] = wechat.spawn(function()
    local _ <close> = gate:enter()
    order[#order + 1] = i
    inside = inside + 1
    most = math.max(most, inside)
    nap()
    inside = inside - 1
    if i == 3 then error("a pass is given back all the same") end
  end)
end
for i = 1, 8 do tasks[i]:join() end
check.equal({ most, order }, { 2, { 1, 2, 3, 4, 5, 6, 7, 8 } }, "two at once, first come, first served")

local one = wechat.gate(1)
local pass = one:enter()
check.equal(table.pack(one:enter(0.02)), { nil, "timeout", n = 2 })
local first, second = wechat.spawn(function() one:enter() return 1 end), wechat.spawn(function() one:enter() return 2 end)
nap()
first:cancel()
pass:leave()
check.equal(second:join(1), 2, "who was cancelled while it waited keeps no pass")
check.equal(one:enter(1) ~= nil, true, "a pass ends with its task")
check.raises("wechat.gate: n must be", function() wechat.gate(0) end)

-- ---- rates

local allowed = {}
for i = 1, 4 do allowed[i] = wechat.allow("tasks", 3, 0.3) end
check.equal(allowed, { true, true, true, false })
local yes, wait_s = wechat.allow("tasks", 3, 0.3)
check.equal({ yes, wait_s > 0 and wait_s <= 0.3 }, { false, true })
check.equal(wechat.allow("others", 1, 60), true, "another key")
wechat.sleep(wait_s + 0.01)
check.equal(wechat.allow("tasks", 3, 0.3), true, "after the time that it said")
check.raises("wechat.allow: count must be", function() wechat.allow("x", 0, 1) end)
