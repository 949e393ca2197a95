-- Rules of wechat.bot that never answer, because another one has what they take.

local rules = {}

local MOST_REPEATS <const>, LONGEST_WORD <const> = 3, 100 -- a pattern is tried on a word without a limit of time

-- A text that is written in the script; nil if it is none, or may mean another one.
local function text_of(value)
  local text = value and value.kind == "literal" and type(value.value) == "string" and value.value
  return text and not text:find("\\", 1, true) and text or nil
end

-- Calls fn(text, token) for each word of bot.word("a", { "b", "c" }, answer).
local function each_word(call, fn)
  for i = 1, call.count - 1 do
    local value = call.values[i]
    for _, one in ipairs(value and value.kind == "table" and value.items or { value or nil }) do
      local text = text_of(one)
      if text then fn(text:match("^%s*(.-)%s*$"), one.token) end
    end
  end
end

local takes_all = {}
for pattern in (". .+ .* ^.* ^.+ ^.*$ ^.+$ (.*) (.+) ^(.*) ^(.+) ^(.*)$ ^(.+)$"):gmatch("%S+") do takes_all[pattern] = true end

-- What a user writes has blanks around it, perhaps, which bot.word does not look at. So a pattern that is tied to the
-- beginning or the end may pass it on.
local function is_tied(pattern) return pattern:find("^%^") or pattern:find("%$$") end

local function fits(word, pattern)
  if is_tied(pattern) and not takes_all[pattern] then return false end
  local _, repeats = pattern:gsub("[*+?-]", "")
  if repeats > MOST_REPEATS or #word > LONGEST_WORD then return false end
  local works, found = pcall(string.find, word, pattern)
  return works and found ~= nil
end

---@class RulesSeen of one file, in the order of its rules
---@field patterns table[] calls of bot.text, with their `text`
---@field words table<string, table> calls of bot.word
---@field replaced table<string, table> calls of which a later one with the same first argument takes the place

local function note(check, call, token, text, ...)
  check:note(call.file, token or call.token, text:format(...), call.meaning.variable)
end

-- The earlier rule that takes that word.
local function earlier_of(seen, word)
  if seen.words[word] then return seen.words[word] end
  for _, call in ipairs(seen.patterns) do
    if fits(word, call.text) then return call end
  end
end

local judges = {}

function judges.word(check, seen, call)
  local own = {}
  each_word(call, function(word, token)
    local earlier = earlier_of(seen, word)
    local text = '"%s" never comes to this rule: %s in line %d takes it'
    if earlier then note(check, call, token, text, word, earlier.meaning.path, check:line_of(earlier)) end
    own[word] = call
  end)
  for word in pairs(own) do seen.words[word] = seen.words[word] or call end
end

function judges.text(check, seen, call)
  local pattern = text_of(call.values[1])
  if not pattern then return end
  for _, earlier in ipairs(seen.patterns) do
    if earlier.text == pattern or takes_all[earlier.text] then
      return note(check, call, nil, "no text comes to this rule: bot.text in line %d takes it", check:line_of(earlier))
    end
  end
  call.text = pattern
  table.insert(seen.patterns, call)
end

local function judge_replaced(check, seen, call)
  local name = call.meaning.path:match("[^.]+$")
  local what = name == "default" and "" or text_of(call.values[1])
  if not what then return end
  if name == "on" then what = what:lower() end
  local key = name .. " " .. what
  local earlier = seen.replaced[key]
  if earlier then note(check, call, nil, "this rule takes the place of the one in line %d", check:line_of(earlier)) end
  seen.replaced[key] = call
end

judges.click, judges.on, judges.default = judge_replaced, judge_replaced, judge_replaced

--- Reports the rules of all files. Which file comes first is not known, so each is looked at by itself, and of its
--- rules those that are sure to be made: outside of functions and conditions.
---@param check table
---@param calls table[] of wechat.bot
function rules.judge(check, calls)
  local seen = {}
  for _, call in ipairs(calls) do
    local judge = judges[call.meaning.path:match("^bot%.([^.]+)$")]
    if judge and call.is_sure and not call.open and not check:replaces(call.meaning.path) then
      seen[call.file] = seen[call.file] or { patterns = {}, words = {}, replaced = {} }
      judge(check, seen[call.file], call)
    end
  end
end

return rules
