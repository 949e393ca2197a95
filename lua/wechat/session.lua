-- wechat.session: a table per user, kept until the user's next message and longer.
-- Each job has a copy of its own, taken at its first use and written back when the job ends: key by key, by
-- compare-and-set, so that two messages of one user at once lose neither one's keys. Of a key that both
-- changed, the later write counts.

local min = math.min

-- Of N jobs that write at once one succeeds each time, so N tries may be needed; pauses make it a few.
local TRIES = 2000
local PAUSE_MAX_MS = 32

---@param wechat table
---@param host table
return function(wechat, host)
  local store, json, fail = host.store.own, host.json, host.args.fail
  local function key_of(openid) return "session/" .. host.session.account .. "/" .. openid end

  local function encode(openid, key, value)
    local good, text = pcall(json.encode, value)
    if not good then
      error(("wechat.session(%q).%s: %s"):format(openid, key, (tostring(text):gsub("^.-:%d+: ", ""))), 0)
    end
    return text
  end

  -- The JSON of each key's value, to find changes.
  local function snapshot(openid, values)
    local texts = {}
    for key, value in pairs(values) do
      if type(key) ~= "string" then
        error(("wechat.session(%q): a key is a %s (string expected)"):format(openid, type(key)), 0)
      end
      texts[key] = encode(openid, key, value)
    end
    return texts
  end

  -- Before version 0.2 an account without appid shared its keys with the others of that kind: who reads one first
  -- has it.
  local function take_old(openid)
    if host.session.appid ~= "" then return nil end
    local old = "session//" .. openid
    local text, err = store.get(old)
    if text and store.add(key_of(openid), text) then store.delete(old) end
    return text, err
  end

  local function load(openid)
    local text, err = store.get(key_of(openid))
    if not text and not err then text, err = take_old(openid) end
    if not text then return {}, err end
    local values = json.decode(text)
    return type(values) == "table" and values or {}, nil, true
  end

  -- The keys that the job changed: their JSON, or false if it removed them. Nil if it changed none.
  local function changes_of(before, now)
    local changes
    for key, text in pairs(now) do
      if before[key] ~= text then
        changes = changes or {}
        changes[key] = text
      end
    end
    for key in pairs(before) do
      if now[key] == nil then
        changes = changes or {}
        changes[key] = false
      end
    end
    return changes
  end

  local function apply(text, changes)
    local values = text and json.decode(text) or {}
    for key, change in pairs(changes) do values[key] = change and json.decode(change) or nil end
    if next(values) == nil then return nil end
    return json.encode(values)
  end

  -- One try to write the changes; false if another job wrote meanwhile.
  local function write(key, changes, was_there)
    local old, err = store.get(key)
    if err then return nil, err end
    -- It was there when the job began: wechat.forget has taken it away since.
    if not old and was_there then return true end
    local new = apply(old, changes)
    if new == old then return true end
    if not new then
      -- An empty session is kept as such: a delete could not be compared.
      new = "{}"
    end
    if old then return store.swap(key, old, new) end
    return store.add(key, new)
  end

  -- Longer each time, and different for each job.
  local function pause(try)
    host.time.sleep(min(2 ^ try, PAUSE_MAX_MS) * math.random() / 1000)
  end

  local function save_one(openid, session)
    local now = snapshot(openid, session.values)
    local changes = changes_of(session.before, now)
    if not changes then return true end
    for try = 1, TRIES do
      local done, err = write(key_of(openid), changes, session.was_there)
      -- Whether a write that was cut off by its process's end happened, the next look says.
      local unknown = type(err) == "table" and err.kind == "unknown"
      if done == nil and not unknown then return nil, err end
      if done then
        session.before, session.was_there = now, true
        return true
      end
      pause(try)
    end
    return nil, "other processes keep changing it"
  end

  --- Writes the running job's sessions back now: true, or nil and why not. Called when the job ends.
  local function save()
    local mine, good, why = host.session.locals().sessions, true, nil
    for openid, session in pairs(mine or {}) do
      local fine, done, err = pcall(save_one, openid, session)
      if not fine or not done then
        good, why = nil, fine and err or done
        host.log.error(("the session of %s could not be saved: %s"):format(openid, tostring(why)))
      end
    end
    return good, why
  end

  host.args.add(wechat, "session", { { "openid", "string?", "the current message's sender" } }, function(openid)
    local message = not openid and host.message.get()
    openid = openid or (message and message.source)
    if not openid or openid == "" then fail("wechat.session: openid is missing (there is no current message)") end
    local locals = host.session.locals()
    locals.sessions, locals.at_end = locals.sessions or {}, save
    local session = locals.sessions[openid]
    if not session then
      local values, err, was_there = load(openid)
      if err then return nil, err end
      session = { values = values, before = snapshot(openid, values), was_there = was_there }
      locals.sessions[openid] = session
    end
    return session.values
  end, "A table stored per user across messages and restarts; saved when the job ends.")

  host.session.save = save

  --- What the running job has of the user's session is not written back.
  ---@param openid string
  function host.session.forget(openid)
    local sessions = host.session.locals().sessions
    if sessions then sessions[openid] = nil end
  end
end
