-- wechat.forget: deletes everything that is kept of a user, and ends scripts that wait for the user.

local kinds = require "wechat.kept"

local NOTICE_S = 60  -- other processes look every second

---@param wechat table
---@param host table
return function(wechat, host)
  local store = host.store.own

  local function key_of(kind, openid)
    local names = { a = host.session.account, u = openid }
    return (kind.key:gsub("%%([au])", names))
  end

  -- The existing keys of a kind; or nil and the error.
  local function keys_of(kind, openid)
    local key = key_of(kind, openid)
    if kind.prefix then return store.list(key) end
    return { key }
  end

  local function take_away(kind, openid)
    local keys, err = keys_of(kind, openid)
    if not keys then return nil, err end
    for _, key in ipairs(keys) do
      local gone, why = store.delete(key)
      if gone == nil then return nil, why end
    end
    return true
  end

  -- Tells the other processes of the account (src/bot/forgotten.c).
  local function tell_the_others(openid)
    local place = "forgotten/" .. host.session.account
    local number, err = store.incr(place)
    if not number then return nil, err end
    host.conversation.told(number)
    return store.set(("%s/%d/%s"):format(place, number, openid), "", NOTICE_S)
  end

  host.args.add(wechat, "forget", { { "openid", "string" } }, function(openid)
    if openid == "" then host.args.fail("wechat.forget: openid is empty") end
    host.conversation.end_user(openid)
    host.session.forget(openid)
    local told, err = tell_the_others(openid)
    if not told then return nil, err end
    for _, kind in ipairs(kinds) do
      local gone, why = take_away(kind, openid)
      if not gone then return nil, why end
    end
    return true
  end, "All that is kept of a user goes: session and conversations; true, or nil and why not.")
end
