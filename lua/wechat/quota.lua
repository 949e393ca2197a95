-- How many customer service messages the platform still takes for a user: counted in the store, from the user's last
-- act on. What ends the count is data (api: "客服消息" by trigger).

local TRIES, KEPT_S = 50, 48 * 3600

local of_message, of_event = 5, 3
local events = { click = true, scancode_push = true, scancode_waitmsg = true, subscribe = true, scan = true }

-- How many an act allows; nil if it allows none of its own.
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

  -- The record that counts after the message, and as it is in the store.
  local function read(openid, message)
    local text, err = store.get(key_of(openid))
    if err then return nil, nil, err end
    local record = text and json.decode(text)
    local most = message and message.source == openid and most_of(message)
    if most and (not record or message.time > record.t) then record = { t = message.time, n = 0, most = most } end
    return record or { t = 0, n = 0, most = of_message }, text
  end

  --- How many are left; nil and why where the store fails.
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

  --- One more went out.
  function quota.count(openid)
    update(openid, function(record) record.n = record.n + 1 end)
  end

  --- The platform says that none are left.
  function quota.spend(openid)
    update(openid, function(record) record.n = record.most end)
  end
end
