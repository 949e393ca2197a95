-- Reads sources of C: their literals, and the code between these.

local c_source = {}

-- Returns the place of the quote that ends the literal which begins at `at`.
local function end_of_literal(source, at)
  local close = at + 1
  while source:sub(close, close) ~= '"' do close = close + (source:sub(close, close) == "\\" and 2 or 1) end
  return close
end

-- Splits a source into its literals, {literal =}, and what is between them, {code =}, without comments and characters.
function c_source.tokens_of(source)
  local list, at = {}, 1
  while at <= #source do
    local first, token = source:sub(at, at), nil
    if first == '"' then
      local close = end_of_literal(source, at)
      token = { literal = load("return " .. source:sub(at, close):gsub("\\u(%x%x%x%x)", "\\u{%1}"))() }
      at = close + 1
    elseif source:find("^//", at) then
      at = source:find("\n", at, true) or #source + 1
    elseif first == "'" then
      at = select(2, assert(source:find(source:find("^'\\", at) and "^'\\.[^'\n]*'" or "^'[^'\n]*'", at))) + 1
    else
      token = { code = source:match("^/?[^\"'/]*", at) }
      at = at + #token.code
    end
    list[#list + 1] = token
  end
  return list
end

-- Joins adjacent literals; a macro between or behind them is a %s.
function c_source.joined(tokens)
  local list, open = {}, nil
  for _, token in ipairs(tokens) do
    if token.literal then
      if open then open.literal = open.literal .. token.literal else open = { literal = token.literal } end
    elseif open and token.code:find("^%s*$") then
      open.literal = open.literal .. "" -- adjacent ones
    else
      if open and token.code:find("^%s+[%u_]+%s*$") or open and token.code:find("^%s+[%u_]+[,)]") then open.literal = open.literal .. "%s" end
      local between = open and token.code:find("^%s+[%u_]+%s*$")
      if not between then
        list[#list + 1], open = open, nil
        list[#list + 1] = token
      end
    end
  end
  list[#list + 1] = open
  return list
end

--- Calls `visit(literal, callees)` for each literal, the parts of one joined. `callees`: the names of the calls around
--- it, the innermost first; "" for a bracket of no call.
function c_source.each_literal(source, visit)
  local callees = {}
  for _, token in ipairs(c_source.joined(c_source.tokens_of(source))) do
    if token.literal then visit(token.literal, callees) end
    for before, bracket in (token.code or ""):gmatch("([^()]*)([()])") do
      if bracket == "(" then table.insert(callees, 1, before:match("([%w_]*)%s*$"))
      else table.remove(callees, 1) end
    end
  end
end

return c_source
