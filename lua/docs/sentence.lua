-- Says in another language what a program has made from a format: finds the format, and puts its values into the other
-- language's. So what makes the sentence knows one language, and no id.

local CONVERSION = "%%[%d.*]*[hlz]*[%a%%]"
local DEPTH = 8 -- of sentences within sentences

local captures = { d = "(%-?%d+)", u = "(%d+)", X = "(%x+)", g = "(%-?[%d.e+-]+)", f = "(%-?[%d.]+)", c = "(.)", s = "(.-)" }

-- Returns the pattern of what a format makes, how many bytes of it are the format's own, and the longest part of these.
local function pattern_of(format)
  local parts, own, longest, at = {}, 0, "", 1
  local function add(literal)
    parts[#parts + 1] = literal:gsub("%p", "%%%0")
    own = own + #literal
    if #literal > #longest then longest = literal end
  end
  for from, conversion, to in format:gmatch("()(" .. CONVERSION .. ")()") do
    add(format:sub(at, from - 1))
    if conversion == "%%" then add("%") else parts[#parts + 1] = captures[conversion:sub(-1)] end
    at = to
  end
  add(format:sub(at))
  return "^" .. table.concat(parts) .. "$", own, longest
end

local function fill(format, values)
  local count = 0
  return (format:gsub(CONVERSION, function(conversion)
    if conversion == "%%" then return "%" end
    count = count + 1
    return values[count]
  end))
end

-- The more of a sentence is the format's own, the surer it was made from that one.
local function sorted(formats)
  local list = {}
  for english, other in pairs(formats) do
    local pattern, own, longest = pattern_of(english)
    list[#list + 1] = { pattern = pattern, own = own, longest = longest, english = english, other = other }
  end
  table.sort(list, function(a, b)
    if a.own ~= b.own then return a.own > b.own end
    return a.english < b.english
  end)
  return list
end

--- Returns a function that says a sentence in the other language; one that no format makes, it returns as it is. Values
--- that are sentences are said too, and so is "WHAT: WHY" where WHY is known.
---@param formats table<string, string> the formats, as C or Lua has them; the other's values are in the same order
---@return fun(text: string): string
return function(formats)
  local list = sorted(formats)
  local translate

  local function by_format(text, depth)
    if formats[text] and not text:find("%", 1, true) then return formats[text] end
    for _, form in ipairs(list) do
      -- a pattern takes long to fail where a text has much of what stands between its values
      local values = text:find(form.longest, 1, true) and table.pack(text:match(form.pattern))
      if values and values[1] then
        for i = 1, values.n do values[i] = translate(values[i], depth + 1) end
        return fill(form.other, values)
      end
    end
  end

  local function by_parts(text, depth)
    local what, why = text:match("^(.-): (.*)$")
    if not what then return nil end
    local said, known = translate(why, depth + 1)
    return known and translate(what, depth + 1) .. "：" .. said or nil
  end

  -- Returns the sentence, and whether it is known.
  function translate(text, depth)
    if text == "" or depth > DEPTH then return text, false end
    local said = by_format(text, depth) or by_parts(text, depth)
    return said or text, said ~= nil
  end

  return function(text) return (translate(text, 0)) end
end
