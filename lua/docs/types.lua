-- The reference's rows of the types that functions take and give, read from the editor's annotations.

local annotations = require "meta.types"

local types = { list = {}, by_name = {} }

-- Returns how many bytes of the text are a type: "fun(x: any): string?, string? and so on" gives all before " and".
local function type_length(text)
  local length = #(text:match("^fun%b()") or text:match("^%b{}") or text:match('^"[^"]*"') or text:match("^[%w_.*]+%b<>")
    or text:match("^[%w_.*]+") or "")
  length = length + #text:match("^[%[%]?]*", length + 1)
  local mark = text:match("^|", length + 1) or (text:find("^fun") and text:match("^: ", length + 1))
  while mark do
    length = length + #mark
    length = length + type_length(text:sub(length + 1))
    mark = mark ~= "|" and text:match("^, ", length + 1)
  end
  return length
end

-- Returns {name, type, description, as_called =}, or nil for a field without a name of its own.
local function row_of(line)
  local name, rest = line:match("^([%w_]+%??)%s+(.*)$")
  if not name then return nil end
  local length = type_length(rest)
  local kind, methods = rest:sub(1, length):gsub("self: [%w_]+,? ?", "")
  local optional = name:sub(-1) == "?"
  local bare = name:gsub("%?$", "")
  return {
    bare, kind .. (optional and kind:sub(-1) ~= "?" and "?" or ""), (rest:sub(length + 1):gsub("^%s+", "")),
    as_called = methods > 0 and ":" .. bare or bare, -- file:save(path), but json.encode(value)
  }
end

local left_out = { Message = true, wechat = true }

local function add_class(head)
  local name, rest = head:match("^([%w_.]+)(.*)$")
  local parent = rest:match("^: ([%w_.]+)")
  local about = rest:gsub("^: [%w_.]+", ""):gsub("^%s+", "")
  local class = { name = name, parent = parent, about = about, rows = {} }
  if not left_out[name] then types.list[#types.list + 1], types.by_name[name] = class, class end
  return class
end

for _, text in ipairs { annotations.classes, annotations.model, annotations.menu } do
  local class
  for line in text:gmatch("[^\n]+") do
    local kind, rest = line:match("^%-%-%-@(%l+) (.*)$")
    if kind == "class" then class = add_class(rest)
    elseif kind == "field" then class.rows[#class.rows + 1] = row_of(rest) end
  end
end

return types
