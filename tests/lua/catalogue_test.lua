-- The catalogue reads well: every entry of every group, every field; and it has all that the list of the
-- platform's endpoints (data/platform/endpoints.tsv) has.
local check = require "check"
require "fake_host"
local catalogue = require "wechat.catalogue"

local function check_field(field, where)
  check.equal(field.words:find("|", 1, true), nil, where .. ": choices that were not read")
  for name in pairs(field.types) do
    local known = { string = 1, integer = 1, number = 1, boolean = 1, object = 1, array = 1, file = 1, binary = 1, ["string[]"] = 1,
      ["integer[]"] = 1, ["object[]"] = 1 }
    check.equal(known[name], 1, where .. ": type " .. name)
  end
  if field.value ~= nil then
    local kind = math.type(field.value) or type(field.value)
    check.equal(field.types[kind], true, where .. ": its value's type")
  end
end

local function check_endpoint(endpoint)
  local where = endpoint.name
  check.equal(({ GET = 1, POST = 1, UPLOAD = 1, DOWNLOAD = 1 })[endpoint.verb], 1, where .. ".verb")
  check.equal(endpoint.path:find("^/[%w/_-]+$"), 1, where .. ".path")
  check.equal(endpoint.doc:find("^%u.*%.$") ~= nil or endpoint.doc:find("^%u.*%?$") ~= nil, true, where .. ".doc")
  if endpoint.verb == "GET" then check.equal(#endpoint.body, 0, where .. ": a GET's body") end
  local seen = {}
  for _, list in ipairs { "query", "body", "returns" } do
    for _, field in ipairs(endpoint[list]) do
      local name = where .. "." .. list .. "." .. field.path
      check.equal(seen[name], nil, name .. " twice")
      seen[name] = true
      check_field(field, name)
    end
  end
end

local names_of_all = {}
for _, group in ipairs(catalogue.groups) do
  local about, names = catalogue.group(group)
  check.equal(about:sub(-1), ".", group .. ".about")
  for _, name in ipairs(names) do
    check_endpoint(catalogue.find(group, name))
    names_of_all[group .. "." .. name] = true
  end
end

-- ---- what the platform has

local function fields_by_path(fields)
  local by_path = {}
  for _, field in ipairs(fields) do by_path[field.path] = field end
  return by_path
end

-- "tag.id integer!, tag.name string!"
local function check_known(text, fields, where)
  local present = fields_by_path(fields)
  for path, kind, need in text:gmatch("([^ ,]+) ([^ ,!]+)(!?)") do
    local field = present[path]
    check.equal(field ~= nil, true, where .. "." .. path .. ": is in the catalogue")
    for wanted in kind:gmatch("[^|]+") do
      check.equal(field.types[wanted], true, ("%s.%s: takes type %s"):format(where, path, wanted))
    end
    if where:find("%.body$") then check.equal(field.required, need == "!", where .. "." .. path .. ": is required") end
  end
end

local function check_against(line)
  local parts = {}
  for part in (line .. "\t"):gmatch("([^\t]*)\t") do parts[#parts + 1] = part end
  local name, verb, path, host, token, status, query, body, returns = table.unpack(parts)
  local endpoint = catalogue.endpoint(name)
  check.equal(endpoint ~= nil, true, name .. ": is in the catalogue")
  check.equal({ endpoint.verb, endpoint.path, endpoint.host, endpoint.token, endpoint.status or "current" },
    { verb, path, host, token, status }, name)
  local asked = fields_by_path(endpoint.query)
  for field in query:gmatch("[^ ,]+") do
    check.equal(asked[field] ~= nil, true, ("%s.query.%s: is in the catalogue"):format(name, field))
  end
  check_known(body, endpoint.body, name .. ".body")
  check_known(returns, endpoint.returns, name .. ".returns")
  names_of_all[name] = nil
end

for line in io.lines("../data/platform/endpoints.tsv") do
  if line:sub(1, 1) ~= "#" then check_against(line) end
end
check.equal(next(names_of_all), nil, "an endpoint that the list of the platform's has not")

-- A field's line.
local field = catalogue.parse_field("type string!=photo photo|scan how it was taken")
check.equal(field, { path = "type", type = "string", types = { string = true }, required = true, value = "photo",
  choices = { "photo", "scan" }, is_id = false, words = "how it was taken" })
check.equal(catalogue.parse_field("type integer=0").value, 0)
check.equal(catalogue.parse_field("appid string=@appid").default_of, "appid")
check.equal(catalogue.parse_field("id string|integer!").types, { string = true, integer = true })
check.equal(catalogue.parse_field("list object[] of id, name").words, "of id, name")
check.equal(catalogue.parse_field("a object of b, c[], d.e[].f").lists, { c = true, e = true })
for path, is_id in pairs {
  ["tag.id"] = true, page_ids = true, keyword_id_list = true, kidList = true, industry_id1 = true, ["articles[].media_id"] = true, video = false,
  title = false, openid = false, openid_list = false, sub_appid = false, is_paid_by = false,
} do check.equal(catalogue.parse_field(path .. " string").is_id, is_id, path) end
check.raises("not a field", catalogue.parse_field, "name")

-- A tree.
local tree = catalogue.endpoint("tag.update").tree
check.equal(tree.names, { "tag" })
check.equal(tree.inside.tag.names, { "id", "name" })
check.equal(tree.inside.tag.needs, "id")
check.equal(tree.inside.tag.field, nil)
check.equal(catalogue.endpoint("material.add_news").tree.inside.articles.item.needs, "title")

-- A group's status does not hold for an entry that says otherwise.
check.equal(catalogue.endpoint("wxopen.template_add").status, "removed")
check.equal(catalogue.endpoint("wxopen.subscribe_send").status, nil)

check.equal(catalogue.endpoint("tag.nonsense"), nil)
check.equal(catalogue.endpoint("nonsense"), nil)
check.equal(catalogue.find("message", "custom"), nil)
