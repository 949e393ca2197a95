-- Mistakes of syntax: those behind the first are found, and what follows from one is not told.
local check = require "check"
local lex = require "check.lex"
local syntax = require "check.syntax"

-- The lines of what is told.
local function lines_of(text)
  local found, place = {}, lex.placer(text)
  local faults = syntax.faults(text)
  table.sort(faults, function(a, b) return a.token.at < b.token.at end)
  for i, fault in ipairs(faults) do found[i] = (place(fault.token.at)) end
  return found
end
local function finds(text, lines) check.equal(lines_of(text), lines, text) end

finds("return 1", {})
finds("local a = = 1\nlocal b = 2\nlocal = 3\n", { 1, 3 })
finds("local t = {\n  a = 1\n  b = 2,\n}\nfor i = 1, do\n  print(i i)\nend\n", { 3, 5, 6 })
finds("bot.text('a' function(msg)\n  return 1\nend)\nbot.text('b', function(msg)\n  retrun 1\nend)\n", { 1, 5 })
finds("function a()\n  if x then\n    y()\nend\n\nfunction b()\n  c d\nend\n", { 7 }) -- the end of a() is missed at the end
finds("function a(\n  return 1\nend\nfunction b()\n  return 'x\nend\n", { 2, 5 })
finds("if a = b then\n  c d\nelseif e = f then\n  g h\nelse\n  i j\nend\n", { 1, 2, 3, 4, 6 })
finds(("local a = = 1\nlocal b = 2\n"):rep(30), { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 })
-- One mistake, and nothing that comes of it.
for _, text in ipairs {
  "function a()\n  if x then\n    y()\nend\n\nfunction b()\n  return 1\nend\n",
  "function a()\n  return 1\nend\nend\nfunction b()\n  return 1\nend\n",
  "x = [[\nfunction a()\n  b c\nend\n",
  "f('a' [[\nfunction a()\n  b c\nend\n]])\ng()",
  "local x =\nlocal y = 2\nif y then\n  z()\nend\n",
  "function a()\nif x then\ny()\nfunction b()\nreturn 1\nend\n",
  "local t = {\n  a = 1,\n  b = {\n    c = 2,\n  d = 3,\n}\nfunction f()\n  return t\nend\n",
  "if a then\n  b()\nelse if c then\n  d()\nend\nfunction f()\n  return 1\nend\n",
  "for _, a in ipairs(b)\n  c()\nend\nfunction f()\n  return 1\nend\n",
  "function f()\n  local a = g(b)\n  if a then h() end\n  {d = e\nend\n",
  "while true do\n  goto next\nend\nfunction f()\n  return 1\nend\n",
} do check.equal(#syntax.faults(text), 1, text) end

-- The place of the token in a long line, which is not the first that is written so: to read the file for each took
-- minutes.
do
  local line, begun = "x = { " .. ("a = 1, "):rep(30000), os.clock()
  check.equal(syntax.faults(line .. "b = = 2 }")[1].token.at, #line + 5)
  check.equal(os.clock() - begun < 10, true, "the time for a long line")
end

-- In scripts as users write them a token is left out, or written twice: one mistake each, wherever it is.
local function left_out(text, tokens, i) return text:sub(1, tokens[i].at - 1) .. text:sub(tokens[i + 1].at) end
local function doubled(text, tokens, i)
  local word = text:sub(tokens[i].at, tokens[i + 1].at - 1)
  return text:sub(1, tokens[i].at - 1) .. word .. " " .. text:sub(tokens[i].at)
end

local tried, told = 0, {}
local function try(path, text)
  local tokens = lex.tokens(text)
  for i = 1, #tokens - 1, 11 do
    for name, change in pairs { left_out = left_out, doubled = doubled } do
      local faults = syntax.faults(change(text, tokens, i))
      tried = tried + 1
      if #faults > 1 then told[#told + 1] = ("%s: token %d (%s) %s: %s"):format(path, i, tokens[i].text, name, faults[2].text) end
    end
  end
end

for path in io.popen("find ../../scripts ../../tests/data/check -name '*.lua'"):lines() do
  local file <close> = assert(io.open(path, "rb"))
  try(path, file:read("a"))
end
check.equal(tried > 300, true, tried .. " tried")
check.equal(told, {}, "told besides the one mistake")
