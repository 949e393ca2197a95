-- Says in another language what a program has made from a format: finds the format, and puts its values into the other
-- language's. So what makes the sentence knows one language, and no id.

local CONVERSION = "%%[%d.*]*[hlz]*[%a%%]"
local DEPTH = 8 -- of sentences within sentences
local LENGTH <const> = 1000 -- bytes; a pattern's time grows with a power of the text's length

local captures = { d = "(%-?%d+)", u = "(%d+)", X = "(%x+)", g = "(%-?[%d.e+-]+)", f = "(%-?[%d.]+)", c = "(.)", s = "(.-)" }

-- Where a word of wemoon's own stands, such as a type's name. Elsewhere a word is the user's.
local introductions = { "^is $", " is $", "^a $", " a $", " returns $", " message of $", " write $" }

local function takes_word(literal, format, from, to)
  for _, introduction in ipairs(introductions) do
    if literal:find(introduction) then return true end
  end
  return format:find("^ expected%)", to) ~= nil or (from == 1 and format:find("^ has no ", to) ~= nil)
end

-- "string", "a space": may as well be what the user wrote.
local function is_word(text) return not text:find(" ", 1, true) or text:find("^an? %a+$") ~= nil end

-- "bot.lua:3", "(command line):1"; but 127.0.0.1:80 is no place in a file.
local function is_place(text) return text:find("%.lua:%d+$") ~= nil or text:find("%):%d+$") ~= nil end

-- Of texts side by side all but the last are empty, which a pattern would find out in cubic time.
local function capture_of(conversion, is_followed)
  return conversion == "s" and is_followed and "()" or captures[conversion]
end

-- Returns the pattern of what a format makes, how many bytes of it are the format's own, the longest piece of these,
-- and which of the values are words of wemoon's own.
local function pattern_of(format)
  local parts, own, longest, words, at = {}, 0, "", {}, 1
  local piece = ""
  local function add(literal)
    parts[#parts + 1] = literal:gsub("%p", "%%%0")
    own, piece = own + #literal, piece .. literal
    if #piece > #longest then longest = piece end
  end
  for from, conversion, to in format:gmatch("()(" .. CONVERSION .. ")()") do
    add(format:sub(at, from - 1))
    if conversion == "%%" then
      add("%")
    else
      words[#words + 1] = takes_word(piece, format, from, to)
      parts[#parts + 1] = capture_of(conversion:sub(-1), format:find("^%%[%d.*]*s", to))
      piece = ""
    end
    at = to
  end
  add(format:sub(at))
  return "^" .. table.concat(parts) .. "$", own, longest, words
end

local function fill(format, values)
  local count = 0
  return (format:gsub(CONVERSION, function(conversion)
    if conversion == "%%" then return "%" end
    count = count + 1
    return math.type(values[count]) and "" or values[count]
  end))
end

-- The more of a sentence is the format's own, the surer it was made from that one.
local function sorted(formats)
  local list = {}
  for english, other in pairs(formats) do
    local pattern, own, longest, words = pattern_of(english)
    list[#list + 1] = { pattern = pattern, own = own, longest = longest, words = words, english = english, other = other }
  end
  table.sort(list, function(a, b)
    if a.own ~= b.own then return a.own > b.own end
    return a.english < b.english
  end)
  return list
end

-- Returns the values that the sentence is made of; nil if it is not made from that format.
local function values_of(form, text)
  return text:find(form.longest, 1, true) and table.pack(text:match(form.pattern)) or {}
end

--- Returns a function that says a sentence in the other language; one that no format makes, it returns as it is. Values
--- that are sentences are said too, and so is "WHAT: WHY" where WHY is known. A single word is said only where a format
--- has one of wemoon's own, as in "is a %s", and what stands behind a place in a file, which is a script's, never.
---@param formats table<string, string> the formats, as C or Lua has them; the other's values are in the same order
---@return fun(text: string): string
return function(formats)
  local list = sorted(formats)
  local translate

  local function say_value(value, is_own, depth)
    if math.type(value) then return value end
    if is_word(value) then return is_own and formats[value] or value end
    return (translate(value, depth))
  end

  local function by_format(text, depth)
    if formats[text] and not text:find("%", 1, true) then return formats[text] end
    for _, form in ipairs(list) do
      local values = values_of(form, text)
      if values[1] then
        for i = 1, values.n do values[i] = say_value(values[i], form.words[i], depth + 1) end
        return fill(form.other, values)
      end
    end
  end

  local function by_parts(text, depth)
    local what, why = text:match("^(.-): (.*)$")
    if not what or is_place(what) then return nil end
    local said, known = translate(why, depth + 1)
    return known and translate(what, depth + 1) .. "：" .. said or nil
  end

  -- Returns the sentence, and whether it is known.
  function translate(text, depth)
    if is_word(text) or depth > DEPTH then return text, false end
    local said = by_format(text, depth) or by_parts(text, depth)
    return said or text, said ~= nil
  end

  return function(text) return #text <= LENGTH and (translate(text, 0)) or text end
end
