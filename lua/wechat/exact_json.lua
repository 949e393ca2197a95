-- JSON from which a value can be read back unchanged. The encoder writes bytes that are no UTF-8 as U+FFFD; they
-- are refused here.

local REPLACEMENT = "\u{FFFD}"

-- The path of the first string that is no UTF-8, and the place of its first wrong byte; nil if there is none.
local function find_bytes(value, path)
  if type(value) == "string" then
    local _, at = utf8.len(value)
    return at and path, at
  end
  if type(value) ~= "table" then return nil end
  for key, member in pairs(value) do
    local place = type(key) == "string" and ("%s.%s"):format(path, key) or ("%s[%s]"):format(path, tostring(key))
    local found, at = find_bytes(member, place)
    if not found and type(key) == "string" and not utf8.len(key) then found, at = path .. "'s key", select(2, utf8.len(key)) end
    if found then return found, at end
  end
end

--- The value as JSON. Raises, naming the path, for values that JSON cannot hold and for bytes that are no UTF-8.
---@param json table
---@param value any
---@return string
return function(json, value)
  local text = json.encode(value)
  if not text:find(REPLACEMENT, 1, true) then return text end
  local path, at = find_bytes(value, "value")
  if path then
    local words = "cannot be written as JSON: %s is no UTF-8 (byte %d): keep such bytes as wechat.base64.encode(...)"
    error(words:format(path, at), 0)
  end
  return text
end
