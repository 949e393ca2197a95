-- Saves the platform's state in the store (`--state FILE`): users, chats, menus, tokens, drafts and so on in one
-- value, each media file in a value of its own. The state is loaded before the first answer, and saved within PAUSE_S
-- of a change and at exit.

local STATE, MEDIA = "simulated platform", "simulated platform's file "
local PAUSE_S = 0.5

return function(p, host)
  local dirty = false

  --- Notes a change that may have to be saved.
  function p.changed() dirty = true end

  if not p.stored then return end
  local json, store = host.json, host.store
  local saved, written = nil, {} -- the last saved text; ids of media in the store

  -- ---- serialization: Lua source that builds the table, A{...} for JSON arrays, N for null ----

  local function write(value, out)
    if value == json.null then
      out[#out + 1] = "N"
    elseif type(value) ~= "table" then
      out[#out + 1] = ("%q"):format(value)
    else
      out[#out + 1] = json.is_array(value) and "A{" or "{"
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      table.sort(keys, function(a, b)
        if type(a) == type(b) then return a < b end
        return type(a) == "number"
      end)
      for _, key in ipairs(keys) do
        out[#out + 1] = ("[%q]="):format(key)
        write(value[key], out)
        out[#out + 1] = ","
      end
      out[#out + 1] = "}"
    end
  end

  local function to_text(value)
    local out = { "return " }
    write(value, out)
    return table.concat(out)
  end

  local function from_text(text)
    local chunk, why = load(text, "=the kept state", "t", { A = json.array, N = json.null, math = { huge = math.huge } })
    if not chunk then error(why, 0) end
    return chunk()
  end

  -- ---- saving ----

  local function save_media()
    local files, ids = p.all_media(), {}
    for id, file in pairs(files) do
      ids[id] = true
      if not written[id] then
        local done, why = store.set(MEDIA .. id, to_text(file))
        if not done then wechat.log.warn("a media file could not be stored in --state: " .. tostring(why)) end
        written[id] = true
      end
    end
    for id in pairs(written) do
      if not ids[id] then
        store.delete(MEDIA .. id)
        written[id] = nil
      end
    end
    return ids
  end

  --- Saves all changes since the last save.
  function p.save()
    local text = to_text { base = p.base, state = p.state, chats = p.chats, media = save_media() }
    if text == saved then return end
    local done, why = store.set(STATE, text)
    if done then saved = text
    else wechat.log.warn("the platform's state could not be stored in --state: " .. tostring(why)) end
  end

  -- ---- loading ----

  local function load_media(ids)
    for id in pairs(ids) do
      local text = store.get(MEDIA .. id)
      if text then p.keep_media(from_text(text), id) end
      written[id] = true
    end
  end

  -- Replaces the saved base URL of media by the current one: the port may differ.
  local function at_this_address(text)
    local before = text:match('%["base"%]="(http://[%w.:%[%]]+)"')
    if not before or before == p.base then return text end
    return (text:gsub(before:gsub("%p", "%%%0") .. "/sim/media/", (p.media_url(""):gsub("%%", "%%%%"))))
  end

  local function load_all()
    local text, why = store.get(STATE)
    if why then error("--state: " .. tostring(why), 0) end
    if not text then return end
    local kept = from_text(at_this_address(text))
    -- Values that an older version did not save keep their initial state.
    for name, value in pairs(kept.state) do p.state[name] = value end
    load_media(kept.media)
    p.set_chats(kept.chats)
  end

  load_all()
  host.time.spawn(function()
    local seen = p.last_event()
    while true do
      host.time.sleep(PAUSE_S)
      if dirty or p.last_event() ~= seen then
        seen, dirty = p.last_event(), false
        p.save()
      end
    end
  end)
end
