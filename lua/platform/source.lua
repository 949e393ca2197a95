-- Reads and saves the bot's files for the desk. Only files that the script was loaded from can be named, never an
-- arbitrary path. A save request may carry the text that its client last saw; if the file has changed since, it is
-- not overwritten.

local SIZE_MAX = 1 << 20

return function(p, host, control)
  local function refuse(status, why) return { status = status, json = { error = why } } end

  local function read(name)
    local file = io.open(name, "rb")
    local text = file and file:read(SIZE_MAX + 1)
    if file then file:close() end
    if text and #text <= SIZE_MAX then return text end
  end

  -- Hides config.lua: it holds secrets, and a script may require it.
  local function is_shown(name)
    return name ~= (p.script:match("^(.*/)") or "") .. "config.lua"
  end

  -- Returns the readable files, the script first. Paths where a module was searched for but not found are skipped.
  local function files()
    local list, seen = host.json.array {}, {}
    for _, name in ipairs(host.file.watched()) do
      local text = not seen[name] and is_shown(name) and read(name)
      seen[name] = true
      if text then list[#list + 1] = { file = name, text = text } end
    end
    return list
  end

  control["GET /sim/source"] = function(request)
    local name = request.query.file
    if not name then return { json = { script = p.script, files = files() } } end
    for _, entry in ipairs(files()) do
      if entry.file == name then return { json = entry } end
    end
    return refuse(404, "the script has no such file")
  end

  -- POST {file, text, before}: `before` is the text that the client believes the file has. If the file differs, the
  -- answer is 409 with its current `text`; without `before` the file is always overwritten.
  control["POST /sim/source"] = function(request)
    local name, text, before = request.json.file, request.json.text, request.json.before
    if type(text) ~= "string" then return refuse(400, "text is missing") end
    for _, entry in ipairs(files()) do
      if entry.file == name then
        if before ~= nil and before ~= entry.text and text ~= entry.text then
          return { status = 409, json = { error = "the file was changed meanwhile", text = entry.text } }
        end
        local file, why = io.open(name, "wb")
        local done = file and file:write(text)
        if file then done, why = file:close() and done, why end
        if not done then return refuse(400, "not saved: " .. tostring(why)) end
        return { json = { ok = true, file = name } }
      end
    end
    return refuse(404, "the script has no such file")
  end
end
