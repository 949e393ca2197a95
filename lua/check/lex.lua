-- Splits Lua source into tokens. The text must be one that `load` accepts: malformed tokens are
-- not detected.

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do keywords[word] = true end

local of_two = {}
for operator in ("<< >> // == ~= <= >= :: .."):gmatch("%S+") do of_two[operator] = true end

---@class Token
---@field kind "name"|"keyword"|"string"|"number"|"operator"|"end"
---@field text string of a string its value, with escapes undecoded
---@field mark string|false of an operator and of a keyword its text
---@field at integer where it begins, in bytes

local SPACE <const>, MINUS <const>, QUOTE <const>, APOSTROPHE <const> = (" -\"'"):byte(1, 4)

local byte, match = string.byte, string.match

local lex = {}

-- Returns the position after a long bracket that starts at `at`, and its text; nil if there is none.
local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local from = at + #level + 2
  local close, stop = text:find("]" .. level .. "]", from, true)
  return (stop or #text) + 1, text:sub(from, (close or #text + 1) - 1)
end

local function quoted(text, at)
  local quote, from = text:sub(at, at), at + 1
  while true do
    local found = text:find("[\\" .. quote .. "]", from)
    if not found then return #text + 1, text:sub(at + 1) end
    if text:sub(found, found) == quote then return found + 1, text:sub(at + 1, found - 1) end
    from = text:find("^\\z%s*", found) and select(2, text:find("^\\z%s*", found)) + 1 or found + 2
  end
end

-- Returns the position after white space and comments.
local function skip(text, at)
  while true do
    at = text:find("%S", at) or #text + 1
    if byte(text, at) ~= MINUS or byte(text, at + 1) ~= MINUS then return at end
    at = long_bracket(text, at + 2) or text:find("\n", at, true) or #text + 1
  end
end

local function number_at(text, at)
  if text:find("^0[xX]", at) then
    return text:match("^0[xX][%x.]*[pP][+-]?%d+()", at) or text:match("^0[xX][%x.]*()", at)
  end
  if text:find("^%.?%d", at) then return text:match("^[%d.]+[eE][+-]?%d+()", at) or text:match("^[%d.]+()", at) end
end

local function operator_at(text, at)
  local two = text:sub(at, at + 1)
  if not of_two[two] then return text:sub(at, at) end
  return two == ".." and text:match("^%.%.%.?", at) or two
end

-- Characters that begin no longer operator, no number, text or comment; the comments are passed over before.
local alone = {}
for operator in ("(){},;+-*%^&|#]"):gmatch(".") do alone[operator:byte()] = operator end

local begins_word = { [("_"):byte()] = true }
for letter in ("abcdefghijklmnopqrstuvwxyz"):gmatch(".") do
  begins_word[letter:byte()], begins_word[letter:upper():byte()] = true, true
end

-- Returns the kind of a token that is no word, its text and the position after it.
local function read(text, at, first)
  if first == QUOTE or first == APOSTROPHE then
    local stop, value = quoted(text, at)
    return "string", value, stop
  end
  local stop, value = long_bracket(text, at)
  if stop then return "string", value, stop end
  stop = number_at(text, at)
  if stop then return "number", text:sub(at, stop - 1), stop end
  local operator = operator_at(text, at)
  return "operator", operator, at + #operator
end

-- Returns a token and the position after it. Most are words and operators of one character.
local function token_at(text, at, first)
  local operator = alone[first]
  if operator then return { kind = "operator", text = operator, mark = operator, at = at }, at + 1 end
  if begins_word[first] then
    local word, after = match(text, "^([%w_]+)()", at)
    if keywords[word] then return { kind = "keyword", text = word, mark = word, at = at }, after end
    return { kind = "name", text = word, mark = false, at = at }, after
  end
  local kind, value, after = read(text, at, first)
  return { kind = kind, text = value, mark = kind == "operator" and value, at = at }, after
end

--- Returns all tokens; the last has the kind "end".
---@param text string
---@return Token[]
function lex.tokens(text)
  local tokens, count, at = {}, 0, 1
  if text:sub(1, 1) == "#" then at = text:find("\n", 1, true) or #text + 1 end
  local first
  repeat
    first = byte(text, at)
    if not first or first <= SPACE or first == MINUS then
      at = skip(text, at)
      first = byte(text, at)
    end
    count = count + 1
    if first then tokens[count], at = token_at(text, at, first) end
  until not first
  tokens[count] = { kind = "end", text = "", mark = false, at = at }
  return tokens
end

--- Returns a function that gives the line and the column, in characters, of places in the text. It must be asked in the
--- order of the places.
---@param text string
---@return fun(at: integer): integer, integer
function lex.placer(text)
  local line, column, seen = 1, 1, 1
  local newline = text:find("\n", 1, true)
  return function(at)
    local from = seen
    while newline and newline < at do
      line, column, from = line + 1, 1, newline + 1
      newline = text:find("\n", from, true)
    end
    column = column + (utf8.len(text, from, at - 1) or at - from)
    seen = at
    return line, column
  end
end

return lex
