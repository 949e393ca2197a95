-- Prints values readably: tables laid out, long strings cut and their length given, functions by name and place,
-- cyclic references marked.

local STRING_SHOWN, DEPTH, MEMBERS = 300, 8, 200

return function(repl)
  local paint = repl.paint

  -- Metatables of tables that are searched for function names: none, or that of a part of wechat.
  local plain = { [""] = true, [require("wechat.misread").mark] = true }
  local names -- function names by value

  local function name_all(t, prefix, depth)
    if names[t] or depth > 4 then return end
    names[t] = prefix
    for key, value in next, t do
      if type(key) == "string" and key ~= "_G" and key ~= "_" and key ~= "loaded" then
        local name = prefix == "" and key or prefix .. "." .. key
        if type(value) == "function" then names[value] = names[value] or name
        elseif type(value) == "table" and plain[getmetatable(value) or ""] then name_all(value, name, depth + 1) end
      end
    end
  end

  local function name_of(fn)
    names = setmetatable({}, { __mode = "k" })
    name_all(_G, "", 0)
    return names[fn]
  end

  local function show_function(fn)
    local info, name = debug.getinfo(fn, "S"), name_of(fn)
    local place = info.what == "C" and "in C" or ("%s:%d"):format(info.short_src, info.linedefined)
    return paint.text("keyword", name and ("function %s (%s)"):format(name, place) or ("function (%s)"):format(place))
  end

  local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }

  local function quote(text)
    local shown = text:gsub('[%c"\\\127]', function(c) return escapes[c] or ("\\x%02X"):format(c:byte()) end)
      :gsub("\xC2([\x80-\x9F])", function(c) return ("\\u{%02X}"):format(c:byte()) end)
    shown = paint.in_order(shown)
    local out, at = {}, 1
    while at <= #shown do
      local length = utf8.len(shown, at)
      if length then
        out[#out + 1] = shown:sub(at)
        break
      end
      local _, bad = utf8.len(shown, at)
      out[#out + 1] = shown:sub(at, bad - 1) .. ("\\x%02X"):format(shown:byte(bad))
      at = bad + 1
    end
    return '"' .. table.concat(out) .. '"'
  end

  local function show_string(text)
    if #text <= STRING_SHOWN then return paint.text("string", quote(text)) end
    local front = text:sub(1, STRING_SHOWN):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")
    return paint.text("string", quote(front)) .. paint.text("faint", (" … (%d bytes)"):format(#text))
  end

  local function show_key(key)
    if type(key) == "string" and key:find("^[%a_][%w_]*$") then return paint.text("name", key) end
    return "[" .. (type(key) == "string" and show_string(key) or tostring(key)) .. "]"
  end

  local function sorted_keys(t, from)
    local keys = {}
    for key in pairs(t) do
      if not (math.type(key) == "integer" and key >= 1 and key < from) then keys[#keys + 1] = key end
    end
    table.sort(keys, function(a, b)
      if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
      return type(a) < type(b)
    end)
    return keys
  end

  local show

  -- Returns the members as texts.
  local function members_of(t, path, seen, depth)
    local parts, count = {}, 0
    while rawget(t, count + 1) ~= nil and count < MEMBERS do
      count = count + 1
      parts[count] = show(t[count], path .. "[" .. count .. "]", seen, depth + 1)
    end
    local keys = sorted_keys(t, count + 1)
    for i, key in ipairs(keys) do
      if #parts >= MEMBERS then
        parts[#parts + 1] = paint.text("faint", ("… (%d more)"):format(#keys - i + 1))
        break
      end
      parts[#parts + 1] = show_key(key) .. " = " .. show(t[key], path .. "." .. tostring(key), seen, depth + 1)
    end
    return parts
  end

  local function show_table(t, path, seen, depth)
    if seen[t] then return paint.text("faint", "<" .. seen[t] .. ">") end
    if depth > DEPTH then return "{…}" end
    seen[t] = path
    local parts = members_of(t, path, seen, depth)
    seen[t] = nil
    if #parts == 0 then return "{}" end
    local line = "{ " .. table.concat(parts, ", ") .. " }"
    local room = repl.columns - 2 * depth - 4
    if paint.width(line) <= room and not line:find("\n", 1, true) then return line end
    local indent = ("  "):rep(depth + 1)
    return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
  end

  function show(value, path, seen, depth)
    local kind = type(value)
    if kind == "string" then return show_string(value) end
    if kind == "number" then return paint.text("number", tostring(value)) end
    if kind == "boolean" or kind == "nil" then return paint.text("keyword", tostring(value)) end
    if kind == "function" then return show_function(value) end
    if value == repl.host.json.null then return paint.text("keyword", "json.null") end
    if kind ~= "table" then return paint.text("keyword", tostring(value)) end
    local meta = getmetatable(value)
    if type(meta) == "table" and meta.__tostring and meta.__name ~= "menu" then
      local good, text = pcall(tostring, value)
      if good then return repl.paint.safe(text) end -- a reply before any message has no text: it is laid out
    end
    return show_table(value, path, seen, depth)
  end

  --- Formats a value for the prompt.
  ---@return string
  return function(value) return show(value, "_", {}, 0) end
end
