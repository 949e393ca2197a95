-- wechat.ask: a dialogue as straight-line code. The question is the reply to the current message; the script
-- waits for the same user's next message.

local misread = require "wechat.misread"

local TIMEOUT_S = 600
local is_reply = { string = true, table = true }

---@class AskOptions
---@field timeout_s? number seconds; 600
---@field events? boolean the user's events are answers too

---@param wechat table
---@param host table
return function(wechat, host)
  local fail = host.args.fail
  local known = { timeout_s = "number", events = "boolean" }

  local function check(options)
    for name, value in pairs(options) do
      if not known[name] then fail("wechat.ask: there is no option named '%s'%s", tostring(name), misread.hint(tostring(name), misread.names(known))) end
      if type(value) ~= known[name] then
        fail("wechat.ask: %s is a %s (%s expected)", name, type(value), known[name])
      end
    end
    local timeout = options.timeout_s
    if timeout and not (timeout > 0 and timeout < 1e9) then
      fail("wechat.ask: timeout_s must be a positive number of seconds")
    end
  end

  host.args.add(wechat, "ask", {
    { "question", "any", "a string or a reply; it answers the current message" },
    { "options", "table?", "{timeout_s = 600, events = false}", beside = true },
  }, function(question, options)
    options = options or {}
    check(options)
    -- Saves the session before the user can answer, because this conversation may end with its process.
    local locals = not host.conversation.last and host.session.locals()
    if locals and locals.at_end then locals.at_end() end
    local sent = is_reply[type(question)] and question ~= "" and host.reply.saying()
    local events = options.events or false
    if sent then
      -- The user may answer before the platform has said that the question is out.
      host.reply.send_question(question, function() host.conversation.announce(events) end)
    end
    return host.conversation.ask(question, options.timeout_s or TIMEOUT_S, events, sent or false)
  end, "Asks the user and returns the user's next message; nil and \"timeout\", \"unsubscribe\", \"reload\", \"ended\" (.end of the attached prompt) or \"forgotten\" (wechat.forget). "
    .. "Of several open questions to one user the newest gets the message, and the first alone outlives the process.")
end
