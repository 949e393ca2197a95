-- What the tests say: equal values, errors raised. A difference is shown by its path.

local check = {}

local function show(value)
  if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") .. "" end
  return tostring(value)
end

local function difference(actual, expected, path)
  if actual == expected and math.type(actual) == math.type(expected) then return end
  if type(actual) ~= "table" or type(expected) ~= "table" then
    return ("%s is %s, not %s"):format(path, show(actual), show(expected))
  end
  for key, value in pairs(expected) do
    local found = difference(actual[key], value, path .. "." .. tostring(key))
    if found then return found end
  end
  for key, value in pairs(actual) do
    if expected[key] == nil then return ("%s.%s is there: %s"):format(path, tostring(key), show(value)) end
  end
end

--- The values are equal, tables by what is in them, integers and floats told apart.
function check.equal(actual, expected, what)
  local found = difference(actual, expected, what or "the value")
  if found then error(found, 2) end
end

--- The string holds the other.
function check.has(text, part)
  if type(text) == "string" and text:find(part, 1, true) then return end
  error(("%s does not hold %s"):format(show(text), show(part)), 2)
end

--- The function raises a string that holds `part`; gives the string.
function check.raises(part, fn, ...)
  local ok, why = pcall(fn, ...)
  if ok then error(("nothing was raised; expected %s"):format(show(part)), 2) end
  if not tostring(why):find(part, 1, true) then
    error(("raised %s, not %s"):format(show(why), show(part)), 2)
  end
  return why
end

--- A message as the platform would post it: elements in order, as {name, text}.
function check.xml(type, elements, more)
  local parts = {
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser1]]></FromUserName>",
    "<CreateTime>1700000000</CreateTime>",
    "<MsgType><![CDATA[" .. type .. "]]></MsgType>",
  }
  for _, element in ipairs(elements or {}) do
    parts[#parts + 1] = ("<%s><![CDATA[%s]]></%s>"):format(element[1], element[2], element[1])
  end
  return table.concat(parts) .. (more or "") .. "</xml>"
end

--- That message, parsed, which makes it the current one.
function check.message(...) return assert(wechat.parse_data(check.xml(...))) end

--- The same for an event.
function check.event(name, elements, more)
  local list = { { "Event", name } }
  for i, element in ipairs(elements or {}) do list[i + 1] = element end
  return check.message("event", list, more)
end

return check
