-- wechat.sleep, wechat.once, wechat.every, wechat.cron.

---@class wechat.timer
---@field stop fun(self: wechat.timer) no further tick; one under way goes on to its end

---@param wechat table
---@param host table
return function(wechat, host)
  local add, time = host.args.add, host.time

  add(wechat, "sleep", { { "seconds", "number" } }, function(seconds)
    -- If the conversation continues in another process, it sleeps for the rest.
    return time.sleep(seconds, time.now() + seconds)
  end, "Waits; other messages are answered meanwhile. job_timeout_s (120) ends what sleeps longer: see wechat.spawn.")
  add(wechat, "once", nil, time.once,
    "Calls fn(...) and returns what it returns, which JSON can hold; a conversation that goes on elsewhere gets that "
    .. "again and does not call fn a second time. For what differs from run to run: io, os.getenv, the order of next, the address in "
    .. "tostring(table), memory in use. Time and math.random are recorded without it.")
  add(wechat, "every", { { "interval", "number|string", 'seconds, or "10m", "1h30m"' }, { "fn", "function" } }, time.every,
    "Calls fn again and again, first after one interval; a tick that fails is logged and the next one comes. Of an account's "
    .. "processes on one store one does it; another takes over within ten seconds. "
    .. "Begin it in the script's body or in on_load: one that on_message began ends with a reload or its process; after a "
    .. "restart it begins anew once the conversation of that message goes on. Returns a timer.")
  add(wechat, "cron", { { "spec", "string", "minute, hour, day of month, month, day of week" }, { "fn", "function" } }, time.cron,
    "Calls fn whenever the local time fits a line as in crontab, in one process as for wechat.every. Returns a timer.")
end
