-- Calls every endpoint of the catalogue with all of its fields, and prints what was passed as JSON, a line each.
local catalogue = require "wechat.catalogue"

local samples = {
  string = "文 & 字", integer = 7, number = 1.5, boolean = true, object = { k = "v" }, array = { "a" }, ["string[]"] = { "a", "b" },
  ["integer[]"] = { 1, 2 }, file = "BYTES",
}

local function sample(node)
  local field = node.field
  if node.item then
    local member = {}
    for _, name in ipairs(node.item.names) do member[name] = sample(node.item.inside[name]) end
    return { member }
  elseif #node.names > 0 then
    local value = {}
    for _, name in ipairs(node.names) do value[name] = sample(node.inside[name]) end
    return value
  end
  if field.type == "object[]" then return { { k = "v" } } end
  return field.choices and field.choices[1] or samples[field.type:match("^[^|]+")]
end

local function add_samples(fields, tree)
  for _, name in ipairs(tree.names) do fields[name] = fields[name] or sample(tree.inside[name]) end
end

local function call(group, name)
  local endpoint = catalogue.find(group, name)
  local query, body, file = {}, {}, nil
  add_samples(query, catalogue.tree(endpoint.query))
  add_samples(body, endpoint.tree)
  local passed = {}
  for key, value in pairs(body) do passed[key] = value end
  for key, value in pairs(query) do
    passed[key] = value
    if body[key] then body[key] = value end
  end
  for _, field in ipairs(endpoint.body) do
    if field.types.file then file, passed.extension = field.path, "png" end
    if field.path == "(raw)" then passed[1], body = "BYTES", "BYTES" end
  end
  local where = wechat
  for part in group:gmatch("[^.]+") do where = where[part] end
  local result, err = where[name](passed)
  print(wechat.json.encode {
    name = endpoint.name, verb = endpoint.verb, path = endpoint.path, token = endpoint.token, query = query, body = body, file = file,
    url = endpoint.url and result, failed = err and tostring(err),
  })
end

for _, group in ipairs(catalogue.groups) do
  local _, names = catalogue.group(group)
  for _, name in ipairs(names) do call(group, name) end
end
