-- Checks every request against the catalogue: required fields are present, and fields have their types.

local checks = {}

-- The errcode of a missing or empty field by its last name; 40035 for others.
local missing_codes = {
  openid = 40003, touser = 40003, user_id = 40003, openid_list = 40003, user_list = 40003,
  media_id = 40007, thumb_media_id = 40007, template_id = 40037, appid = 41002, secret = 41004, appsecret = 41004,
  button = 40015, media = 41005, content = 44004, articles = 44003, msgtype = 40008,
}

-- The errcode of a field of the wrong type by its last name; 47001 for others.
local wrong_codes = { articles = 44003 }

local fits = {
  string = function(value) return type(value) == "string" end,
  integer = function(value) return math.tointeger(value) ~= nil and type(value) == "number" end,
  number = function(value) return type(value) == "number" end,
  boolean = function(value) return type(value) == "boolean" end,
  object = function(value) return type(value) == "table" and value[1] == nil end,
  array = function(value) return type(value) == "table" and (value[1] ~= nil or next(value) == nil) end,
}

local function fits_any(field, value)
  for name in pairs(field.types) do
    local check = fits[name] or (name:find("%[%]$") and fits.array)
    if not check or check(value) then return true end
  end
  return false
end

local function last_name(path) return path:match("([%w_]+)[%[%]]*$") or path end

-- Calls fn with each value at a path (nil if absent) until fn returns a value; returns that.
local function each(value, path, fn)
  if path == "" then return fn(value) end
  local name, list, rest = path:match("^([%w_]+)(%[?%]?)%.?(.*)$")
  local inner = type(value) == "table" and value[name] or nil
  if rest == "" and list == "" then return fn(inner) end
  if list ~= "[]" then return each(inner, rest, fn) end
  for _, member in ipairs(type(inner) == "table" and inner or {}) do
    local code, path_of = each(member, rest, fn)
    if code then return code, path_of end
  end
end

-- Whether the field is in an omitted optional object: the field is then not required.
local function parent_is_absent(field, given, fields)
  local parent = field.path:match("^(.*)%.[^.]+$")
  if not parent then return false end
  local absent = false
  each(given, parent, function(value) absent = value == nil end)
  if not absent then return false end
  for _, other in ipairs(fields) do
    local inside = other.path == parent or other.path:sub(1, #parent + 1) == parent .. "."
    if inside and other.required then return false end
  end
  return true
end

--- Returns the errcode and the path of the first invalid field; nil if all are valid.
---@param fields Field[]
---@param given table
---@param null any JSON's null
function checks.fault(fields, given, null)
  for _, field in ipairs(fields) do
    if field.path:find("^[%a_]") and not field.types.file and not parent_is_absent(field, given, fields) then
      local code, path = each(given, field.path, function(value)
        if value == null then value = nil end
        if value == nil or value == "" then
          if field.required then return missing_codes[last_name(field.path)] or 40035, field.path end
        elseif not fits_any(field, value) then
          return wrong_codes[last_name(field.path)] or 47001, field.path
        end
      end)
      if code then return code, path end
    end
  end
end

-- Converts an id to its documented type: 7, 7.0 and "7" are the same id.
local function read_id(type_name, value)
  if type_name == "integer" and type(value) == "string" and value:find("^%-?%d+$") then return math.tointeger(tonumber(value)) or value end
  if type_name == "string" and type(value) == "number" and math.tointeger(value) then return tostring(math.tointeger(value)) end
  return value
end

-- Converts the ids at a path to their documented type, in place.
local function read_path(value, path, type_name)
  local name, list, rest = path:match("^([%w_]+)(%[?%]?)%.?(.*)$")
  local inner = type(value) == "table" and value[name] or nil
  if inner == nil then return end
  if rest ~= "" then
    for _, member in ipairs(list == "[]" and type(inner) == "table" and inner or { inner }) do read_path(member, rest, type_name) end
    return
  end
  local member_type = type_name:match("^(%a+)%[%]$")
  if not member_type then
    value[name] = read_id(type_name, inner)
  elseif type(inner) == "table" then
    for i, member in ipairs(inner) do inner[i] = read_id(member_type, member) end
  end
end

--- Converts the ids among the fields, numbers or digits, to their documented types, in place.
---@param fields Field[]
---@param given table
---@return table given
function checks.read_ids(fields, given)
  for _, field in ipairs(fields) do
    if field.is_id then read_path(given, field.path, field.type) end
  end
  return given
end

--- Returns a query's values converted to the types that the catalogue documents.
function checks.read_query(fields, query)
  local values = {}
  for name, value in pairs(query) do values[name] = type(value) == "table" and value[1] or value end
  for _, field in ipairs(fields) do
    local text = values[field.path]
    if text and not field.types.string then
      if field.types.integer then values[field.path] = math.tointeger(tonumber(text)) or text end
      if field.types.boolean and (text == "true" or text == "false") then values[field.path] = text == "true" end
    end
  end
  return values
end

return checks
