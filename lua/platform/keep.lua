-- The platform's state in its store, where it is asked for (`wemoon dev --state FILE`): read at the start, written
-- a moment after something changed.

local PAUSE_S = 0.3

return function(p, host)
  if not p.stored then
    function p.changed() end
    return
  end

  -- JSON knows names and lists alone: other tables become lists of pairs, bytes that are no text base64.
  local function pack(value)
    if type(value) == "string" and not utf8.len(value) then return { base64 = host.codec.base64_encode(value) } end
    if type(value) ~= "table" then return value end
    local pairs_of, list, count = {}, true, 0
    for key, member in pairs(value) do
      count = count + 1
      pairs_of[count] = { key, pack(member) }
      list = list and math.type(key) == "integer"
    end
    if list and #value == count then
      local packed = {}
      for i, member in ipairs(value) do packed[i] = pack(member) end
      return { list = host.json.array(packed) }
    end
    return { pairs = host.json.array(pairs_of) }
  end

  local function unpack(value)
    if type(value) ~= "table" then return value end
    if value.base64 then return host.codec.base64_decode(value.base64) end
    local made = host.json.array {}
    if value.list then
      for i, member in ipairs(value.list) do made[i] = unpack(member) end
      return made
    end
    made = {}
    for _, pair in ipairs(value.pairs or {}) do made[pair[1]] = unpack(pair[2]) end
    return made
  end

  local function restore()
    local text = host.store.own.get("platform/state")
    local kept = text and host.json.decode(text)
    if not kept then return end
    for name, value in pairs(unpack(kept.state)) do p.state[name] = value end
    p.chats = unpack(kept.chats)
    p.restore_media(unpack(kept.media))
  end

  local waiting = false

  --- Something changed: it is written soon.
  function p.changed()
    if waiting then return end
    waiting = true
    p.after(PAUSE_S, function()
      waiting = false
      local kept = { state = pack(p.state), chats = pack(p.chats), media = pack(p.all_media()) }
      local done, err = host.store.own.set("platform/state", host.json.encode(kept))
      if not done then host.log.error("the platform's state is not kept: " .. tostring(err)) end
    end)
  end

  p.on_reset(function() p.changed() end)
  restore()
end
