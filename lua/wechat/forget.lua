-- wechat.forget: deletes everything that is kept of a user, and ends scripts that wait for the user, except the one
-- that calls it.
-- wechat.newest: cancels what the user's earlier messages still do. Earlier is what was made earlier (CreateTime), and
-- of messages of the same second what arrived earlier. In this process they end at once. Other processes look for
-- notices every second; what they send until then is sent.

local kinds = require "wechat.kept"

local NOTICE_S, NEWEST_S = 60, 10  -- other processes look every second
local WHAT_MAX = 800               -- bytes: keys of the store have at most 1024

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

  -- Returns whether there was anything of that kind, except what has one of the keys `spared` and what belongs to the
  -- message `identity`; or nil and the error.
  local function take_away(kind, openid, spared, identity)
    if kind.mixed and identity ~= "" and host.kept.on then return host.kept.end_others(openid, identity) end
    local keys, err = keys_of(kind, openid)
    if not keys then return nil, err end
    local any = false
    for _, key in ipairs(keys) do
      local gone, why = false, nil
      if not spared[key] then gone, why = store.delete(key) end
      if gone == nil then return nil, why end
      any = any or gone
    end
    return any
  end

  -- Leaves a notice for the other processes of the account (src/bot/notices.c).
  local function tell_the_others(what, value, seconds)
    local place = "forgotten/" .. host.session.account
    local number, err = store.incr(place)
    if not number then return nil, err end
    host.conversation.told(number)
    return store.set(("%s/%d%s"):format(place, number, what), value, seconds)
  end

  -- What a notice says of a message that does something. An identity that is too long for the key is left out.
  local function of_message(times, openid, identity)
    local what = ("@%s/%s/"):format(times, openid)
    return #what + #identity <= WHAT_MAX and what .. identity or what
  end

  host.args.add(wechat, "forget", { { "openid", "string" } }, function(openid)
    if openid == "" then host.args.fail("wechat.forget: openid is empty") end
    local any, at, own, owed, conversation = host.conversation.end_user(openid)
    -- The message whose script forgets its own user goes on, in whichever process it is tried or taken over. A record of
    -- an earlier wemoon has neither its identity nor the keys of its runs.
    local identity, spared = own or "", { [owed or ""] = true, [conversation or ""] = true }
    host.session.forget(openid)
    local value = (conversation or "") ~= "" and "c" .. identity or identity
    local told, err = tell_the_others(("@%d/%s"):format(at, openid), value, NOTICE_S)
    if not told then return nil, err end
    for _, kind in ipairs(kinds) do
      local gone, why = take_away(kind, openid, spared, identity)
      if gone == nil then return nil, why end
      any = any or gone
    end
    return true, any
  end, "Deletes all that is stored about a user: session and conversations; true and whether anything was stored, or nil and why not. "
    .. "The script that calls it goes on, and what it returns is sent. Other processes of the store take a second.")

  -- Deletes the user's owed answers of earlier messages from the store. A process that still works on one ends it when
  -- it sees the notice.
  local function take_runs_away(openid, identity, made)
    local prefix = ("owed/%s/%s/"):format(host.session.account, openid)
    local keys, err = store.list(prefix)
    if not keys then return nil, err end
    for _, key in ipairs(keys) do
      local value = key ~= prefix .. identity and store.get(key)
      if value and host.conversation.is_before(value, made) then store.release(key, value) end
    end
    return true
  end

  host.args.add(wechat, "newest", {}, function()
    local openid, identity, made, arrived, tells, owes = host.conversation.end_earlier()
    local done, err = true, nil
    if tells then
      local times = ("%d.%d"):format(made, arrived)
      done, err = tell_the_others(of_message(times, openid, identity), "", NEWEST_S)
    end
    if owes then
      local gone, why = take_runs_away(openid, identity, made)
      if not gone then done, err = nil, why end
    end
    return done, err
  end, "Cancels what earlier messages of this user still do, in every process of the store: nothing of it is sent any more. An "
    .. "open question stays; a message that comes while a lasting conversation works runs after it. true; or nil and why the "
    .. "other processes could not be told.")
end
