-- The simulated platform, a program on wemoon's own runtime. C passes it `host`; it answers every request that is not
-- for the bot (src/dev/platform.h).
--
-- Its modules share one table `p`:
--   p.account            {name, original_id, appid, appsecret, token, mode}
--   p.account_kind       the kind of account (account_kinds.lua); nil: a service account with every right
--   p.base, p.callback   the platform's own URL; the bot's URL ("" if there is no bot)
--   p.state              the platform's stored state (state.lua)
--   p.emit(event, data)  notifies the desk (events.lua)
--   p.user(name)         a user by openid or nickname, created if unknown (phone.lua)
--   p.chat(openid, entry)    shows an entry in a user's chat (phone.lua)
--   p.custom_quota(user)     how many customer service messages a user can still be sent (quota.lua)
--   p.push(openid, fields)   delivers an event to the bot without waiting (delivery.lua)
--   p.faults             the faults that are on (faults.lua)
--   p.now(), p.after(seconds, fn), p.random(n)
--   p.keep_media(file), p.media(id), p.media_url(id), p.qr_picture(text)    (media.lua)
--   p.act(act)           performs a user's act (acts.lua)
--   p.on_reset(fn)       registers a function for POST /sim/reset

local account_kinds = require "platform.account_kinds"

local host = ...

local p = {
  host = host,
  account = host.callback.account(),
  base = host.config.base,
  callback = host.config.callback,
  script = host.config.script,
  stored = host.config.stored == "true",
}
p.account.name = "微月测试号"
p.account.original_id = "gh_0123456789ab"

local function kind_at_start()
  local kind = host.config.account_kind
  if kind == "" then return nil end
  if account_kinds.exists(kind) then return kind end
  error(("--account-kind %s: unknown kind, write one of: %s"):format(kind, table.concat(account_kinds.names, ", ")), 0)
end

p.account_kind = kind_at_start()

--- Returns the time in whole Unix seconds.
function p.now() return host.time.now() // 1 | 0 end

--- Returns the time in Unix seconds with their fraction.
function p.clock() return host.time.now() end

--- The id before the first of any list. Ids go on where no earlier process on this port got to: a page that was open
--- then tells this one's events, entries and calls from that one's.
p.first_id = p.clock() * 1000 // 1 | 0

--- Calls fn after `seconds`, in a coroutine of its own.
function p.after(seconds, fn)
  host.time.spawn(function()
    host.time.sleep(seconds)
    fn()
  end)
end

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

--- Returns `length` random letters and digits.
function p.random(length)
  local letters = {}
  for i = 1, length do
    local at = math.random(#LETTERS)
    letters[i] = LETTERS:sub(at, at)
  end
  return table.concat(letters)
end

local resets = {}

--- Registers fn for POST /sim/reset; functions are called in order of registration.
function p.on_reset(fn) resets[#resets + 1] = fn end

function p.reset()
  p.account_kind = kind_at_start()
  for _, fn in ipairs(resets) do fn() end
  p.emit("reset", {})
end

-- Modules may define a function (p.menu, p.ticket_of, p.media ...) only if an earlier one did not: see state.lua.
p.state = {}
for _, part in ipairs { "events", "faults", "media", "state", "phone", "quota", "passive", "verification", "delivery", "acts", "persist", "control" } do
  local file = "platform/" .. part .. ".lua"
  if part ~= "state" or host.file.embedded(file) then require("platform." .. part)(p, host) end
end

-- The runtime calls it at exit, like a script's on_unload.
rawset(_G, "on_unload", function()
  if p.save then p.save() end
end)
