-- The editor annotations parse, name only types that there are, and leave nothing out.
local check = require "check"
require "fake_host"
local catalogue = require "wechat.catalogue"
local generate = require "meta.generate"

local files = generate.files()
local text, bot, model = files["wechat.lua"], files["wechat/bot.lua"], files["wechat/model.lua"]
check.equal(load(text, "wechat.lua") ~= nil, true, "the annotations as Lua")
check.equal(load(bot, "wechat/bot.lua") ~= nil, true, "the annotations of the router as Lua")
check.equal(load(model, "wechat/model.lua") ~= nil, true, "the annotations of the models as Lua")

-- ---- a parser of types: each function takes the text from a type's beginning on, and returns the rest

local used = {}
local parse_type

local function skip(rest) return (rest:gsub("^%s+", "")) end

local function expect(rest, mark)
  rest = skip(rest)
  if rest:sub(1, #mark) ~= mark then error(("'%s' expected at '%s'"):format(mark, rest:sub(1, 30))) end
  return rest:sub(#mark + 1)
end

-- "name: type, name?: type" up to the closing mark.
local function parse_members(rest, close)
  rest = skip(rest)
  while rest:sub(1, #close) ~= close do
    local name, after = rest:match("^([%a_][%w_]*)%??%s*(.*)$")
    if not name then name, after = rest:match("^(%.%.%.)%s*(.*)$") end
    if not name then error("a name expected at '" .. rest:sub(1, 30) .. "'") end
    rest = parse_type(expect(after, ":"))
    if rest:find("^%s*,") then rest = expect(rest, ",") end
    rest = skip(rest)
    if rest == "" then error("a name expected at the end") end
  end
  return rest:sub(#close + 1)
end

local function parse_function(rest)
  rest = parse_members(expect(rest, "("), ")")
  if not rest:find("^:") then return rest end
  rest = parse_type(expect(rest, ":"))
  while rest:find("^,") do rest = parse_type(expect(rest, ",")) end
  return rest
end

local function parse_simple(rest)
  rest = skip(rest)
  if rest:find("^fun%(") then return parse_function(rest:sub(4)) end
  if rest:find("^{") then return parse_members(rest:sub(2), "}") end
  local quoted = rest:match('^"[^"]*"(.*)$')
  if quoted then return quoted end
  local name, after = rest:match("^([%a_][%w_.]*%*?)(.*)$")
  if not name then error("a type expected at '" .. rest:sub(1, 30) .. "'") end
  used[name] = true
  if after:find("^<") then
    after = parse_type(after:sub(2))
    while after:find("^,") do after = parse_type(expect(after, ",")) end
    after = expect(after, ">")
  end
  return after
end

function parse_type(rest)
  rest = parse_simple(rest)
  while rest:find("^%[%]") or rest:find("^%?") do rest = rest:gsub("^%[%]", ""):gsub("^%?", "") end
  if rest:find("^|") then return parse_type(rest:sub(2)) end
  return rest
end

-- A type, and then nothing or words.
local function check_type(rest)
  rest = parse_type(rest)
  if rest ~= "" and not rest:find("^%s") then error("'" .. rest:sub(1, 30) .. "' after a type") end
end

check.raises("a type expected", check_type, "|string")
check.raises("'}' after a type", check_type, "string}")
check.raises("':' expected", check_type, "{ a }")
check.raises("a name expected at the end", check_type, "{ a: string")
check_type 'fun(a: string, b?: integer[]): table<string, "x"|any>?, string? words'
for name in pairs(used) do used[name] = nil end

-- ---- the lines

local classes, functions, params, fields, latest = {}, {}, {}, {}, nil
local line_kinds = {
  meta = function() end,
  deprecated = function() end,
  class = function(rest)
    local name = rest:match("^([%w_.]+)")
    check.equal(classes[name], nil, "class " .. name .. " before")
    classes[name], fields, latest = true, {}, name
    local parent = rest:match("^[%w_.]+:%s*([%w_.]+)")
    if parent then used[parent] = true end
  end,
  field = function(rest)
    local name, after = rest:match("^(%[?[%w_]+%]?)%??%s+(.*)$")
    check.equal(fields[name], nil, "field " .. name .. " twice")
    fields[name] = true
    check_type(after)
  end,
  param = function(rest)
    local name, after = rest:match("^([%w_.]+)%??%s+(.*)$")
    params[#params + 1] = name
    check_type(after)
  end,
  alias = function(rest)
    local name, after = rest:match("^([%w_.]+)%s+(.*)$")
    classes[name] = true
    check_type(after)
  end,
  ["return"] = check_type,
  overload = check_type,
  type = check_type,
}

local function check_line(line)
  local kind, rest = line:match("^%-%-%-@(%w+)%s*(.*)$")
  if kind then
    if not line_kinds[kind] then error("an unknown annotation: " .. line) end
    local good, why = pcall(line_kinds[kind], rest)
    if not good then error(line .. ": " .. why) end
  end
  if line:find(" = {}$") then used[latest] = true end -- the table whose class it is
  local name, list = line:match("^function ([%w_.]+)%((.-)%) end$")
  if name then
    name = name:gsub("^wechat%.", "")
    check.equal(functions[name], nil, "function " .. name .. " twice")
    functions[name] = true
    check.equal(table.concat(params, ", "), list, "parameters of " .. name)
    params = {}
  elseif not line:find("^%-%-%-") and line ~= "" then
    params = {}
  end
end

for line in (text .. bot .. model):gmatch("([^\n]*)\n") do check_line(line) end

-- ---- all types are known, all names are there

local built_in = {
  string = true, integer = true, number = true, boolean = true, table = true, any = true, ["file*"] = true, lightuserdata = true,
  ["nil"] = true, ["true"] = true, ["false"] = true, ["function"] = true, self = true,
}
for name in pairs(used) do check.equal(built_in[name] or classes[name], true, "type " .. name) end

-- A class that nothing names helps nobody: what a page of wechat.route gets would be known, and not where.
for name in pairs(classes) do check.equal(used[name], true, "class " .. name .. " named") end

for _, group in ipairs(catalogue.groups) do
  local _, names = catalogue.group(group)
  for _, name in ipairs(names) do check.equal(functions[group .. "." .. name], true, group .. "." .. name .. " annotated") end
end

local basic = "check_signature parse_data get_message response_none response_text response_image response_voice response_video "
  .. "response_music response_news group_transfer_message response_raw get_access_token grant_token get_jsapi_ticket "
  .. "grant_jsapi_ticket generate_jsapi_signature create_menu get_menu delete_menu upload_media download_media create_group "
  .. "get_groups get_group_by_id update_group move_user get_user_info get_followers send_text_message send_image_message "
  .. "send_voice_message send_video_message send_music_message send_article_message create_qrcode show_qrcode "
  .. "set_template_industry get_template_id send_template_message call sleep spawn once every cron session jssdk_config pay_sign "
  .. "http.get http.post http.request store.get store.set store.add store.incr store.delete store.list utf8.sub utf8.len utf8.cut plain sha1 md5 "
  .. "hmac_sha256 base64.encode base64.decode menu.new menu.check menu.diff menu.push menu.pull"
for name in pairs(require "wechat.bot") do check.equal(functions["bot." .. name], true, "bot." .. name .. " annotated") end
for name in basic:gmatch("%S+") do check.equal(functions[name], true, name .. " annotated") end

-- What one looks like.
check.has(text, [[
---@class wechat.tag.create.Fields.tag
---@field name string up to 30 bytes

---@class wechat.tag.create.Fields
---@field tag wechat.tag.create.Fields.tag
]])
check.has(text, [[
---@param user_id string openid: msg.source
---@param content string
---@return table?
---@return ApiError?
---@overload fun(named: { user_id: string, content: string }): table?, ApiError?
function wechat.send_text_message(user_id, content) end
]])

-- A call of the platform fails with an ApiError; the store, which is none, with a text.
check.has(text, "---@return any\n---@return string?\n---@overload fun(named: { key: string }): any, string?\nfunction wechat.store.get(key) end")
check.has(text, "---@return table?\n---@return string?\n---@overload fun(named: { openid?: string }): table?, string?\nfunction wechat.session(openid) end")

-- What is given a table or a function says what is in it.
check.has(text, "---@param fn fun(request: PageRequest): PageAnswer|string|nil fn(request) gives HTML")
check.has(text, "---@param options? HttpOptions\n---@return HttpAnswer?\n---@return ApiError?\n"
  .. "---@overload fun(named: HttpRequest): HttpAnswer?, ApiError?\nfunction wechat.http.get(url, options) end")
