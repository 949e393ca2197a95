-- `bot`: users' acts, the bot's answers and API calls; time, faults, other hosts.

local catalogue = require "wechat.catalogue"
local misread = require "wechat.misread"

return function(spec)
  local wechat, host = spec.wechat, spec.host
  local bot = {}

  local function control(method, path, body)
    local answer, err = host.http.request {
      what = "spec", method = method, url = spec.settings.sim .. path, body = body and host.json.encode(body), timeout = 60,
      headers = { { "Content-Type", "application/json" } },
    }
    if not answer then error(tostring(err.errmsg or err), 0) end
    local value = host.json.decode(answer.body)
    if answer.status ~= 200 then error({ failure = type(value) == "table" and value.error or answer.body }, 0) end
    return value
  end

  spec.control = control

  -- ---- replies

  local reply_meta = {}

  -- Reads fields of the first entry: the reply. The list has all entries.
  function reply_meta.__index(reply, name)
    local first = rawget(reply, 1)
    if name == "text" then return first and (first.content or first.text) end
    return first and first[name]
  end

  function reply_meta.__tostring(reply)
    if #reply == 0 then return "(no reply)" end
    local parts = {}
    for i, entry in ipairs(reply) do parts[i] = entry.content and spec.show.value(entry.content) or entry.kind end
    return table.concat(parts, ", ")
  end

  local function reply_of(answer)
    local reply = { is_reply = true, xml = answer.replied, attempts = answer.attempts, ms = answer.ms }
    for _, entry in ipairs(answer.shown) do
      if entry.kind ~= "typing" then reply[#reply + 1] = entry end
    end
    return setmetatable(reply, reply_meta)
  end

  -- ---- users

  local user = {}
  user.__index = user

  local function act(self, fields)
    if spec.settings.bot == "" then error("there is no bot: bot_spec.lua tests bot.lua beside it; or give --bot FILE", 3) end
    fields.user = self.name
    return reply_of(control("POST", "/sim/act", fields))
  end

  function user:says(text) return act(self, { act = "say", content = text }) end
  --- Taps a button by its names ("菜单", "搜索"), its place ("2.1") or its key.
  function user:taps(...)
    local names = { ... }
    return act(self, { act = "tap", path = #names > 1 and names or names[1] })
  end
  function user:follows(scene) return act(self, { act = "follow", scene = scene and tostring(scene) }) end
  function user:unfollows() return act(self, { act = "unfollow" }) end
  function user:scans(scene) return act(self, { act = "scan", scene = tostring(scene) }) end
  function user:locates(latitude, longitude, precision)
    return act(self, { act = "locate", latitude = latitude, longitude = longitude, precision = precision })
  end
  function user:sends_location(latitude, longitude, label)
    return act(self, { act = "location", latitude = latitude, longitude = longitude, label = label })
  end
  function user:sends_image(media_id) return act(self, { act = "image", media_id = media_id }) end
  function user:sends_voice(recognition) return act(self, { act = "voice", recognition = recognition }) end
  function user:sends_video() return act(self, { act = "video" }) end
  function user:sends_link(title, description, url)
    return act(self, { act = "link", title = title, description = description, url = url })
  end
  --- Sends any event, by the platform's name and fields.
  function user:causes(name, fields) return act(self, { act = "event", name = name, fields = fields or {} }) end

  --- Returns the chat's entries that came from the account.
  function user:sees()
    local state, list = control("GET", "/sim/state"), {}
    for _, entry in ipairs(state.chats[self:openid()] or {}) do
      if entry.from ~= "user" then list[#list + 1] = entry end
    end
    return list
  end

  function user:openid()
    self.known = self.known or control("POST", "/sim/user", { nickname = self.name }).openid
    return self.known
  end

  --- Returns a user; an unknown user is created and follows.
  ---@param name string
  function bot:user(name)
    if type(name) ~= "string" or name == "" then error("bot:user(NAME): a name is needed", 2) end
    return setmetatable({ name = name }, user)
  end

  -- ---- the bot's calls and stored data

  --- Returns the bot's API calls, all or those of one endpoint ("message.custom.send_text"): {name, query, body,
  --- answer}. Token requests are omitted.
  function bot:calls(name)
    -- A misspelled name would always count zero calls, and the test could never fail.
    if name and not catalogue.endpoint(name) then
      error(('bot:calls: no endpoint is called \'%s\': the names are the platform\'s, as in wechat.media.upload: "media.upload"'):format(name), 2)
    end
    local list = {}
    for _, call in ipairs(control("GET", "/sim/calls")) do
      local wanted = name and call.name == name or (not name and not (call.name or ""):find("^token%."))
      if wanted then
        local body = call.body ~= "" and host.json.decode(call.body) or call.body
        list[#list + 1] = { name = call.name, query = call.query, body = body, status = call.status, answer = call.answer }
      end
    end
    return list
  end

  --- Returns the bot's stored session of a user (wechat.session).
  function bot:session(name)
    local openid = bot:user(name):openid()
    local text = host.store.own.get("session/" .. host.session.account .. "/" .. openid)
    return text and host.json.decode(text) or {}
  end

  --- Returns the bot's stored value of a key (wechat.store).
  function bot:store(key) return wechat.store.get(key) end

  -- ---- time, faults and other hosts

  local units = { s = 1, m = 60, h = 3600, d = 86400 }

  local function seconds_of(interval)
    if type(interval) == "number" then return interval end
    local total = 0
    for number, unit in tostring(interval):gmatch("([%d.]+)(%a)") do total = total + tonumber(number) * (units[unit] or 0) end
    if total == 0 then error(("bot:wait: '%s' is not a time: write 90, \"10m\" or \"1h30m\""):format(tostring(interval)), 3) end
    return total
  end

  --- Advances time for the whole process: timers, timeouts, tokens, sessions' ages. What falls due by the way happens
  --- in its order, and calls under way are waited for.
  function bot:wait(interval)
    host.time.advance(seconds_of(interval))
    host.time.sleep(0.02)
  end

  -- The text may appear shortly after the deadline, since advancing time gives the bot no processing time.
  local LATER_S, STEP_S, LOOKS_AT_END = 60, 0.25, 100

  -- Returns the account's entries since the user's last message.
  local function answers_of(self)
    local state, list = control("GET", "/sim/state"), {}
    for _, entry in ipairs(state.chats[self:openid()] or {}) do
      if entry.from == "user" then list = {} else list[#list + 1] = entry end
    end
    return list
  end

  local function shows(list, text)
    for _, entry in ipairs(list) do
      if tostring(entry.content or ""):find(text, 1, true) then return true end
    end
    return false
  end

  --- Waits until the user's chat shows the text, in an answer or in part of one, at most `within_s` seconds (60).
  --- Time is advanced meanwhile.
  ---@param text string
  ---@param within_s? number
  function user:expects_later(text, within_s)
    if type(text) ~= "string" then error("user:expects_later(TEXT[, WITHIN_S]): a text is needed", 2) end
    local left, list, looks = within_s or LATER_S, answers_of(self), 0
    while not shows(list, text) do
      if left <= 0 then looks = looks + 1 end
      if looks > LOOKS_AT_END then
        local seen = {}
        for i, entry in ipairs(list) do seen[i] = entry.content or entry.kind end
        error({ failure = ("%s was not shown %s within %g s, but %s"):format(self.name, spec.show.value(text), within_s or LATER_S,
          #seen > 0 and spec.show.value(table.concat(seen, " | ")) or "nothing") }, 0)
      end
      if left > 0 then host.time.advance(math.min(STEP_S, left)) end
      left = left - STEP_S
      host.time.sleep(0.005)
      list = answers_of(self)
    end
  end

  --- Restarts the bot like a new process: new interpreters, the same store. Conversations and owed answers continue.
  function bot:restart()
    if spec.settings.bot == "" then error("there is no bot: bot_spec.lua tests bot.lua beside it; or give --bot FILE", 2) end
    host.time.restart()
  end

  --- Switches a fault of the platform: bot:fault("fail", 45009), bot:fault("network", true) and so on.
  function bot:fault(name, value) control("POST", "/sim/faults", { [name] = value == nil and true or value }) end

  --- Simulates a kind of account until the test ends: personal, unverified, subscription, service or test. Each test
  --- starts with a service account that has every right.
  ---@param name string
  function bot:account_kind(name)
    if type(name) ~= "string" then error("bot:account_kind(NAME): a name is needed", 2) end
    control("POST", "/sim/account", { kind = name })
  end

  local parts = { status = true, headers = true, body = true, json = true, delay = true, stream = true, pause = true }

  -- Whether a table is {status =, ...}; a table with any other key is itself the answer, sent as JSON.
  local function is_whole_answer(answer)
    for name in pairs(answer) do
      if not parts[name] then return false end
    end
    return answer.body or answer.json ~= nil or answer.stream or math.type(answer.status) == "integer"
  end

  -- Returns a language model's events, one per text; the last also has the end mark, sent without `pause`.
  local function chunks_of(texts)
    if type(texts) ~= "table" then error("bot:answers: stream is a list of texts", 3) end
    local list = {}
    for i, text in ipairs(texts) do
      if type(text) ~= "string" then error(("bot:answers: stream[%d] is a %s (string expected)"):format(i, type(text)), 3) end
      local chunk = { object = "chat.completion.chunk", choices = { { index = 0, delta = { content = text } } } }
      list[i] = "data: " .. host.json.encode(chunk) .. "\n\n"
    end
    list[math.max(#list, 1)] = (list[#list] or "") .. "data: [DONE]\n\n"
    return list
  end

  --- Sets another host's answer to wechat.http: a text, a table as JSON, or {status =, headers =, body = or json =,
  --- delay =} (seconds); or {stream = {"a", "b"}, pause =}: a language model's stream, `pause` seconds between.
  function bot:answers(url, answer)
    if type(answer) ~= "string" and type(answer) ~= "table" then error("bot:answers(URL, ANSWER): a text or a table is needed", 2) end
    if type(answer) == "string" then answer = { body = answer }
    elseif not is_whole_answer(answer) then answer = { json = answer } end
    local headers, body = {}, answer.body
    if answer.json ~= nil then headers["Content-Type"], body = "application/json", host.json.encode(answer.json) end
    local chunks = answer.stream and chunks_of(answer.stream)
    if chunks then headers["Content-Type"] = "text/event-stream" end
    for name, value in pairs(answer.headers or {}) do headers[name] = value end
    control("POST", "/sim/outside_answer", {
      url = url, status = answer.status or 200, headers = headers, body = body, delay = answer.delay, stream = chunks, pause = answer.pause,
    })
  end

  --- Returns the bot's requests to other hosts: {method, url, body}.
  function bot:requests() return control("GET", "/sim/outside_requests") end

  misread.methods(user, "user", { known = true })
  misread.methods(bot, "bot")

  return bot
end
