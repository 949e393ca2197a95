-- Counts the customer service messages that the account can still send to a user. The user's last act sets the limit.

local limits = require "platform.limits"

-- The limit (limits.custom) that each act sets; other acts set that of "message".
local windows = { tap = "click", follow = "follow", scan = "scan" }

---@class CustomQuota
---@field most integer
---@field left integer
---@field since? integer Unix seconds of the user's last act; nil: none yet
---@field ends? integer Unix seconds

return function(p)
  --- Returns the present limit; `left` is 0 after `ends`.
  ---@return CustomQuota
  function p.custom_quota(user)
    local since = user.last_act_time
    if not since then return { most = 0, left = 0 } end
    local window = limits.custom[windows[user.last_act] or "message"]
    local sent = user.answered_act == since and user.answers or 0
    local ends = since + window.seconds
    return { most = window.count, left = p.now() <= ends and math.max(0, window.count - sent) or 0, since = since, ends = ends }
  end

  --- Counts one more message to the user.
  function p.count_custom(user)
    if user.answered_act ~= user.last_act_time then user.answered_act, user.answers = user.last_act_time, 0 end
    user.answers = user.answers + 1
  end
end
