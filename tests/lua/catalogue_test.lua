-- The catalogue reads well: every entry of every group, every field.
local check = require "check"
require "fake_host"
local catalogue = require "wechat.catalogue"

local expected = {
  basic = 3, card = 67, comment = 8, datacube = 28, device = 12, draft = 8, freepublish = 5, group = 7, guide = 50, img = 3,
  invoice = 25, kf = 14, marketcode = 6, marketing = 5, material = 7, media = 6, menu = 7, merchant = 32,
  ["message.autoreply"] = 1, ["message.custom"] = 13, ["message.mass"] = 7, ["message.subscribe"] = 9, ["message.template"] = 7,
  nontax = 18, oauth = 9, ocr = 8, open = 4, openapi = 5, pay_legacy = 3, poi = 6, qrcode = 5, scan = 13, security = 3, semantic = 1,
  shakearound = 29, shop = 14, tag = 8, token = 4, user = 8, voice = 3, wifi = 17, wxopen = 11,
}

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

local total = 0
for _, group in ipairs(catalogue.groups) do
  local about, names = catalogue.group(group)
  check.equal(about:sub(-1), ".", group .. ".about")
  check.equal(#names, expected[group], "number of endpoints in " .. group)
  for _, name in ipairs(names) do check_endpoint(catalogue.find(group, name)) end
  total = total + #names
end
check.equal(total, 499, "number of endpoints")

-- A field's line.
local field = catalogue.parse_field("type string!=photo photo|scan how it was taken")
check.equal(field, { path = "type", type = "string", types = { string = true }, required = true, value = "photo",
  choices = { "photo", "scan" }, words = "how it was taken" })
check.equal(catalogue.parse_field("type integer=0").value, 0)
check.equal(catalogue.parse_field("appid string=@appid").default_of, "appid")
check.equal(catalogue.parse_field("id string|integer!").types, { string = true, integer = true })
check.equal(catalogue.parse_field("list object[] of id, name").words, "of id, name")
check.raises("not a field", catalogue.parse_field, "name")

-- A tree.
local tree = catalogue.endpoint("tag.update").tree
check.equal(tree.names, { "tag" })
check.equal(tree.inside.tag.names, { "id", "name" })
check.equal(tree.inside.tag.needs, "id")
check.equal(tree.inside.tag.field, nil)
check.equal(catalogue.endpoint("material.add_news").tree.inside.articles.item.needs, "title")

check.equal(catalogue.endpoint("tag.nonsense"), nil)
check.equal(catalogue.endpoint("nonsense"), nil)
check.equal(catalogue.find("message", "custom"), nil)
