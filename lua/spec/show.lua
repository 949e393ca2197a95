-- Formats values for failures, and finds the first difference of two values.

local show = {}

local function key_text(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return "." .. key end
  return "[" .. (type(key) == "string" and ("%q"):format(key) or tostring(key)) .. "]"
end

local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) < type(b)
  end)
  return keys
end

--- Formats a value as one line.
function show.value(value, depth)
  depth = depth or 0
  if type(value) == "string" then
    local text = ("%q"):format(value):gsub("\\\n", "\\n")
    return #text > 400 and text:sub(1, 400):gsub("[\xC0-\xFF][\x80-\xBF]*$", "") .. "…" or text
  end
  if type(value) ~= "table" then return tostring(value) end
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then return tostring(value) end
  if depth > 4 then return "{…}" end
  local parts, count = {}, 0
  for i, member in ipairs(value) do parts[i], count = show.value(member, depth + 1), i end
  for _, key in ipairs(sorted(value)) do
    if not (math.type(key) == "integer" and key >= 1 and key <= count) then
      parts[#parts + 1] = key_text(key):gsub("^%.", "") .. " = " .. show.value(value[key], depth + 1)
    end
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

--- Formats an error value; a string is unchanged.
function show.raised(value) return type(value) == "table" and show.value(value) or tostring(value) end

--- Returns the first difference of two values as lines; nil if they are equal. Equal integers and floats are equal.
function show.difference(actual, expected, path)
  if actual == expected then return nil end
  if type(actual) == "table" and type(expected) == "table" then
    for _, key in ipairs(sorted(expected)) do
      local found = show.difference(actual[key], expected[key], (path or "") .. key_text(key))
      if found then return found end
    end
    for _, key in ipairs(sorted(actual)) do
      if expected[key] == nil then
        return ("%s is there, and was not expected: %s"):format((path or "") .. key_text(key), show.value(actual[key]))
      end
    end
    return nil
  end
  local where = path and path:gsub("^%.", "") .. ":\n" or ""
  return ("%s  expected %s\n  got      %s"):format(where, show.value(expected), show.value(actual))
end

return show
