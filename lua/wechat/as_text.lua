-- The text of a value outside JSON: in a query, a form, a header, a multipart field, and in a
-- signature. A float without a fraction is written as an integer, as in JSON.

--- The text of a string, number or boolean; nil and the fault for any other value.
---@param value any
---@return string?
---@return string? fault "is a table (string, number or boolean expected)"
return function(value)
  local kind = math.type(value) or type(value)
  if kind == "string" then return value end
  if kind == "integer" or kind == "boolean" then return tostring(value) end
  if kind ~= "float" then return nil, ("is a %s (string, number or boolean expected)"):format(kind) end
  local whole = math.tointeger(value)
  if whole then return tostring(whole) end
  if value ~= value or value == math.huge or value == -math.huge then return nil, "is not a finite number" end
  -- The shortest text that reads back as the same number.
  local text = ("%.15g"):format(value)
  return tonumber(text) == value and text or ("%.17g"):format(value)
end
