-- wechat.spawn, wechat.gate, wechat.allow: concurrent functions, and limits for them.

local misread = require "wechat.misread"

local TRIES = 50

---@class Task
local Task = {}
Task.__index, Task.__name = Task, "task"

---@class Gate
local Gate = {}
Gate.__index, Gate.__name = Gate, "gate"

---@param wechat table
---@param host table
return function(wechat, host)
  local fail, add = host.args.fail, host.args.add

  -- ---- spawn

  -- By task: C's handle, and the function's results or error.
  local inner = setmetatable({}, { __mode = "k" })
  local note_error = { __close = function(own, err) own.err = err end }

  local function run(own, fn, ...)
    local _ <close> = setmetatable(own, note_error)
    own.results = table.pack(fn(...))
  end

  -- The end of a wait of so many seconds; a wait that continues in another process waits for the rest.
  local function until_of(timeout_s) return type(timeout_s) == "number" and host.time.now() + timeout_s or nil end

  local function of(task, method)
    return inner[task] or fail("%s is called on a %s (write task:%s())", method, type(task), method)
  end

  --- Ends the task: closes its calls and <close> variables. False if it has ended already.
  ---@return boolean
  function Task:cancel() return of(self, "cancel").handle:cancel() end

  --- Waits for the task's end. Returns the results of its function; or nil and its error, "cancelled" or "timeout".
  ---@param timeout_s? number
  function Task:join(timeout_s)
    local own = of(self, "join")
    local state = own.handle:join(timeout_s, until_of(timeout_s))
    if not state then return nil, "timeout" end
    if state == "returned" then return table.unpack(own.results, 1, own.results.n) end
    if state == "cancelled" then return nil, "cancelled" end
    return nil, own.err == nil and "it was stopped" or own.err
  end

  misread.methods(Task, "task")

  add(wechat, "spawn", nil, function(fn, ...)
    if type(fn) ~= "function" then fail("wechat.spawn: fn is a %s (function expected)", type(fn)) end
    local own = {}
    own.handle = host.time.spawn(run, own, fn, ...)
    local task = setmetatable({}, Task)
    inner[task] = own
    return task
  end, "Runs fn(...) beside the caller, in a coroutine of its own, for job_timeout_s at most; an error is logged. For what comes "
    .. "later, such as a reminder, keep it in wechat.store and look there in wechat.every or wechat.cron. Gives a task: "
    .. "task:cancel(), task:join([timeout_s]).")

  -- ---- gate

  local gates = setmetatable({}, { __mode = "k" })

  --- Waits until fewer than n are inside: `local pass <close> = gate:enter()`. nil, "timeout" at the time-out.
  ---@param timeout_s? number
  function Gate:enter(timeout_s)
    local gate = gates[self] or fail("enter is called on a %s (write gate:enter())", type(self))
    local pass = gate:pass()
    if not gate:enter(pass, timeout_s, until_of(timeout_s)) then return nil, "timeout" end
    gate:hold(pass)
    return pass
  end

  misread.methods(Gate, "gate")

  add(wechat, "gate", { { "n", "integer" } }, function(n)
    local gate = setmetatable({}, Gate)
    gates[gate] = host.time.gate(n)
    return gate
  end, "A gate that lets n tasks of this interpreter be inside at once: local pass <close> = gate:enter([timeout_s]).")

  -- ---- allow

  -- The times of the last per_s seconds in milliseconds: the new list as JSON, or nil and the seconds to wait.
  local function take(text, count, per_s)
    local now, list = math.floor(host.time.now() * 1000), {}
    for at in (text or ""):gmatch("%d+") do
      if tonumber(at) > now - per_s * 1000 then list[#list + 1] = at end
    end
    if #list >= count then return nil, (tonumber(list[#list - count + 1]) + per_s * 1000 - now) / 1000 end
    list[#list + 1] = tostring(now)
    return "[" .. table.concat(list, ",") .. "]"
  end

  -- Makes one try; false if another process wrote meanwhile.
  local function try_to_take(key, count, per_s)
    local store = host.store.own
    local old, err = store.get(key)
    if err then return nil, err end
    local new, wait_s = take(old, count, per_s)
    if not new then return true, wait_s end
    local done, why
    if old then done, why = store.swap(key, old, new, per_s) else done, why = store.add(key, new, per_s) end
    if done == nil then return nil, why end
    return done
  end

  add(wechat, "allow", { { "key", "string" }, { "count", "integer" }, { "per_s", "number" } }, function(key, count, per_s)
    if key == "" or #key > 1000 then fail("wechat.allow: a key has 1 to 1000 bytes") end
    if count < 1 or count > 10000 then fail("wechat.allow: count must be 1 to 10000") end
    if not (per_s > 0 and per_s < 1e8) then fail("wechat.allow: per_s must be a positive number of seconds") end
    for _ = 1, TRIES do
      local done, more = try_to_take("allow/" .. host.session.account .. "/" .. key, count, per_s)
      if done == nil then return nil, more end
      if done and more then return false, more end
      if done then return true end
    end
    return nil, "other processes keep changing it"
  end, "Whether this may be done now: at most count times in any per_s seconds, in all processes of the store. true; or false "
    .. "and the seconds to wait; nil and why if the store fails.")
end
