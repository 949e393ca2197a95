-- All mistakes of syntax in a file, also behind the first. Lua's own parser says what the first one is; the statement
-- around it, as its indentation shows it, is blanked, and the parser reads again. What may be a consequence of that is
-- not told, and ends the search: a mistake that is not told is found the next time, one that there is not costs more.

local syntax = {}

local MOST <const> = 10 -- mistakes that are told
local TAB <const> = "    "

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do lines[#lines + 1] = line end
  return lines
end

---@class Mistake
---@field line integer
---@field what string in Lua's words
---@field near? string the token at which Lua noticed it; nil at the end of the file
---@field opener? integer the line of the bracket or the block that is not closed

-- What is in the wrong place has its line in the words alone.
local function line_named(what)
  return tonumber(what:match("^break outside .-loop at line (%d+)") or what:match("^no visible label .- at line (%d+)"))
end

-- The first mistake of a text; nil if it has none.
local function mistake_of(text)
  local chunk, why = load(text, "=(check)", "t")
  local line, what = (why or ""):match("^%(check%):(%d+): (.*)$")
  if chunk or not line then return nil end
  return { line = line_named(what) or tonumber(line), what = what, near = what:match(" near '(.*)'$"),
    opener = tonumber(what:match("%(to close '.-' at line (%d+)%)")) }
end

-- ---- lines

local function indent_of(line) return #line:match("^[ \t]*"):gsub("\t", TAB) end

local function is_blank(line) return not line:find("%S") or line:find("^%s*%-%-") ~= nil end

local function neighbour(lines, at, step)
  repeat at = at + step until not lines[at] or not is_blank(lines[at])
  return lines[at] and at
end

local function word_of(line) return line:match("^%s*(%a+)%f[^%w_]") end

local closes = { ["end"] = true, ["until"] = true }
local goes_on = { ["else"] = true, ["elseif"] = true }

local function is_closer(line) return closes[word_of(line)] or line:find("^%s*[%)%]}]") ~= nil end

-- The last line of the statement that begins in that line: those below that are indented more, and what closes it.
local function last_of(lines, from)
  local indent, last, at = indent_of(lines[from]), from, neighbour(lines, from, 1)
  while at do
    local deeper = indent_of(lines[at]) - indent
    local belongs = deeper > 0 or (deeper == 0 and last > from and (is_closer(lines[at]) or goes_on[word_of(lines[at])]))
    if not belongs then return last end
    last = at
    if deeper == 0 and is_closer(lines[at]) then return last end
    at = neighbour(lines, at, 1)
  end
  return last
end

-- ---- what is put in the place of a mistake

local headers = { ["if"] = "if x then", ["elseif"] = "elseif x then", ["else"] = "else", ["while"] = "while x do",
  ["for"] = "while x do", ["function"] = "function x(...)" }

local function count(line, marks) return select(2, line:gsub(marks, "")) end

-- A line in the place of one that begins a block, so that what is inside is read; nil if it begins none, or a table
-- too.
local function header_of(lines, at)
  local line, below = lines[at], neighbour(lines, at, 1)
  local word = line:find("^%s*local%s+function%f[%W]") and "function" or word_of(line)
  local is_header = headers[word] and below and indent_of(lines[below]) > indent_of(line)
  return is_header and count(line, "[%[{]") == count(line, "[%]}]") and headers[word] or nil
end

-- `function f(a, b`
local function is_unclosed(line) return count(line, "%(") > count(line, "%)") end

-- Whether the mistake is at the beginning of its line, so that it may be at the end of the one above.
local function is_at_beginning(lines, mistake)
  local line = lines[mistake.line]
  return mistake.near ~= nil and line:match("^%s*(.*)$"):sub(1, #mistake.near) == mistake.near
end

-- The line in which the statement with the mistake begins.
local function beginning_of(lines, mistake)
  if mistake.opener then return mistake.opener end
  local at = mistake.line
  local above = is_at_beginning(lines, mistake) and neighbour(lines, at, -1)
  if not above or is_closer(lines[above]) then return at end
  local lacks_word = mistake.what:find("^'then' expected near") or mistake.what:find("^'do' expected near")
  if lacks_word or (header_of(lines, above) and is_unclosed(lines[above])) then return above end
  return indent_of(lines[above]) >= indent_of(lines[at]) and above or at
end

local begins = { ["repeat"] = true, ["do"] = true }

-- Whether it is no wonder that the next line is indented more.
local function opens(line)
  local word = word_of(line)
  return headers[word] or begins[word] or line:find("%f[%w]function%f[%W]") or count(line, "[%(%[{]") > count(line, "[%)%]}]")
end

-- Whether the indentation shows something that the words do not.
local function is_strange(lines, at)
  local above = neighbour(lines, at, -1)
  if not above then return indent_of(lines[at]) > 0 end
  return indent_of(lines[above]) < indent_of(lines[at]) and not opens(lines[above])
end

-- A long text or comment goes on where it is not blanked, and one that should end before ends with another one.
local function has_long_bracket(lines, from, to)
  for at = from, to do
    if lines[at]:find("%[=*%[") or lines[at]:find("%]=*%]") then return true end
  end
  return false
end

-- Takes the statement out that begins in that line. Returns the last line that it touched; nil if it cannot.
local function take_out(lines, from, mistake)
  local is_extra_end = mistake.what:find("^<eof> expected near 'end'") and lines[from]:find("^%s*end%s*$")
  if is_blank(lines[from]) or (is_closer(lines[from]) and not is_extra_end) then return nil end
  local header = not mistake.opener and header_of(lines, from)
  local to = (header or is_extra_end) and from or last_of(lines, from)
  if has_long_bracket(lines, from, to) or is_strange(lines, from) or header == lines[from] then return nil end
  for at = from, to do lines[at] = "" end
  lines[from] = header or ""
  return to
end

-- ---- what is told

local structural = { "^'end' expected", "^'until' expected", "^<eof> expected", "^unexpected symbol near '[%)%]}]'",
  "^cannot use '%.%.%.'" }

local function is_structural(mistake)
  for _, pattern in ipairs(structural) do
    if mistake.what:find(pattern) then return true end
  end
  return not mistake.near or mistake.opener ~= nil
end

-- Whether a table or a call goes on above: `function name(` is refused inside of one alone.
local function is_inside(lines, mistake)
  return mistake.what:find("^'%(' expected") and lines[mistake.line]:find("^%s*function%s+[%w_.:]+%s*%(")
end

local function begins_at(lines, at)
  while at > 1 and (is_blank(lines[at]) or indent_of(lines[at]) > 0 or is_closer(lines[at])) do at = at - 1 end
  return at
end

-- Whether a mistake may come of what was taken out before, of which `last` is the last line. `told`: the mistake there.
local function may_follow(lines, mistake, last, told)
  if mistake.line <= last or mistake.what:find("^no visible label") or is_inside(lines, mistake) then return true end
  if mistake.opener == told.line then return true end -- the mistake is still there
  local is_next = neighbour(lines, last, 1) == mistake.line
  if is_next and (is_at_beginning(lines, mistake) or mistake.what == told.what) then return true end
  return is_structural(mistake) and (mistake.opener or begins_at(lines, mistake.line)) <= last
end

-- ---- places

-- Whether Lua notices the mistake in the lines up to that one, of which `part` is the beginning.
local function is_noticed(lines, part, mistake)
  local before = table.move(lines, 1, mistake.line - 1, 1, {})
  before[mistake.line] = part
  local found = mistake_of(table.concat(before, "\n"))
  return found and found.near == mistake.near and found.line == mistake.line
end

local function places_of(line, near)
  local places, at = {}, line:find(near, 1, true)
  while at do
    places[#places + 1] = at
    at = line:find(near, at + 1, true)
  end
  return places
end

-- The first of 1 to `most` that is so, if all behind it are; bisects, because each look reads the file.
local function first_of(most, is_so)
  local from, to = 1, most + 1
  while from < to do
    local middle = (from + to) // 2
    if is_so(middle) then to = middle else from = middle + 1 end
  end
  return from
end

-- The column, in bytes, of the token at which Lua noticed the mistake.
local function column_of(lines, mistake)
  local line, near = lines[mistake.line], mistake.near
  if not near and mistake.what:find("<eof>", 1, true) then return #line + 1 end
  if not near then return line:find("%S") or 1 end
  local places = places_of(line, near)
  local at = first_of(#places, function(i) return is_noticed(lines, line:sub(1, places[i] + #near - 1), mistake) end)
  return places[at] or 1
end

local function starts_of(text)
  local starts = { 1 }
  for at in text:gmatch("\n()") do starts[#starts + 1] = at end
  return starts
end

--- Returns the mistakes of syntax of a text that Lua's parser refuses. Of their tokens the place alone is known.
---@param text string
---@return { token: { at: integer }, text: string }[]
function syntax.faults(text)
  local lines, starts, faults = lines_of(text), starts_of(text), {}
  local mistake, told, last = mistake_of(text), nil, 0
  while mistake and lines[mistake.line] do
    local is_told = told and mistake.line == told.line -- what was taken out was not it
    if not is_told and (#faults == MOST or (told and may_follow(lines, mistake, last, told))) then break end
    local at = starts[mistake.line] + column_of(lines, mistake) - 1
    faults[#faults + 1] = not is_told and { token = { at = at }, text = mistake.what:gsub("\n.*", " ...'") } or nil
    told = mistake
    local to = take_out(lines, is_told and mistake.line or beginning_of(lines, mistake), mistake)
    if not to then break end
    last = math.max(last, to)
    mistake = mistake_of(table.concat(lines, "\n"))
  end
  return faults
end

return syntax
