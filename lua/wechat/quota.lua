-- How many customer service messages the platform still accepts for a user: counted in the store, from the user's last
-- action on. The limits by kind of action are data ("客服消息").

local TRIES, KEPT_S = 50, 48 * 3600

local of_message, of_event = 5, 3
local events = { click = true, scancode_push = true, scancode_waitmsg = true, subscribe = true, scan = true }

-- How many messages an action allows; nil if it has no allowance of its own.
local function most_of(message)
  if not message.event then return of_message end
  return events[message.event] and of_event
end

---@param host table
return function(host)
  local store, json = host.store.own, host.json
  local quota = {}
  host.quota = quota

  local function key_of(openid) return "quota/" .. host.session.account .. "/" .. openid end

  -- The record that applies after the message, and the stored one.
  local function read(openid, message)
    local text, err = store.get(key_of(openid))
    if err then return nil, nil, err end
    local record = text and json.decode(text)
    local most = message and message.source == openid and most_of(message)
    if most and (not record or message.time > record.t) then record = { t = message.time, n = 0, most = most } end
    return record or { t = 0, n = 0, most = of_message }, text
  end

  --- How many are left; nil and the error if the store fails.
  ---@param openid string
  ---@param message? Message the one being answered
  function quota.left(openid, message)
    local record, _, err = read(openid, message)
    if err then return nil, err end
    return math.max(record.most - record.n, 0)
  end

  -- One try; false if another process wrote meanwhile.
  local function write(openid, message, change)
    local record, old, err = read(openid, message)
    if err then return true end
    change(record)
    local new = json.encode(record)
    if old then return store.swap(key_of(openid), old, new, KEPT_S) end
    return store.add(key_of(openid), new, KEPT_S)
  end

  local function update(openid, change)
    for _ = 1, TRIES do
      if write(openid, host.message.get(), change) ~= false then return end
    end
  end

  -- None is left for the answer to the message at hand.
  local function note_spent(openid)
    local message = host.message.get()
    if message and message.source == openid then host.reply.spent() end
  end

  --- Counts one more message.
  function quota.count(openid)
    local spent
    update(openid, function(record)
      record.n = record.n + 1
      spent = record.n >= record.most
    end)
    if spent then note_spent(openid) end
  end

  --- Records that the platform says none are left.
  function quota.spend(openid)
    update(openid, function(record) record.n = record.most end)
    note_spent(openid)
  end
end
