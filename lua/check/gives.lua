-- What the functions of `wechat` and the methods of its objects give, as far as the reference's tables say so, and
-- what is wrong with a field that is read from it.

local catalogue = require "wechat.catalogue"
local classes = require "docs.types"
local fields = require "check.fields"
local forms = require "check.forms"
local misread = require "wechat.misread"
local near = require "check.near"
local types = require "meta.types"

local gives = {}

---@class GivenNode: FormNode
---@field what? string of an exact node: "an http answer"
---@field from? string of one that is not exact: "wechat.tag.list"
---@field prefix? string where it is in that: "tags[]."

local objects = { Task = true, Gate = true, Pass = true, Timer = true, HttpStream = true, Menu = true }

-- Classes of which every field is known.
local words_of = {
  HttpAnswer = "an http answer", HttpStream = "a stream", StreamEvent = "an event", PageRequest = "a request",
  AccessToken = "an access token", JsapiTicket = "a ticket", JssdkConfig = "a page's configuration",
  ApiError = "an error", MenuFault = "a fault", MenuChange = "a change",
}

local nodes = {}

local function node_of_class(class)
  if not nodes[class] then
    local names = fields.names_of_class(class)
    nodes[class] = { names = names, inside = {}, exact = true, what = words_of[class] }
    for _, name in ipairs(names) do nodes[class].inside[name] = { names = {}, inside = {} } end
  end
  return nodes[class]
end

local function add_names(node, names)
  for _, name in ipairs(names) do
    node.names[#node.names + 1] = name
    node.inside[name] = node.inside[name] or { names = {}, inside = {} }
  end
end

-- Says in each node where it is.
local function placed(node, from, prefix)
  node.from, node.prefix = from, prefix
  for name, inner in pairs(node.inside) do placed(inner, from, prefix .. name .. ".") end
  if node.item then placed(node.item, from, prefix:sub(1, -2) .. "[].") end
  return node
end

-- The platform's answer. A file comes as a Download, unless the platform writes JSON instead. `path`: what is called.
local function node_of_endpoint(endpoint, path)
  if #endpoint.returns == 0 then return nil end
  if not nodes[path] then
    local node = forms.of_returns(endpoint)
    add_names(node, { "errcode", "errmsg" })
    if endpoint.verb == "DOWNLOAD" then add_names(node, fields.names_of_class "Download") end
    nodes[path] = placed(node, path, "")
  end
  return nodes[path]
end

local function endpoint_of(method, methods)
  local entry = methods[method]
  if entry and entry.calls then return catalogue.endpoint(entry.calls) end
  return not (entry and entry.parameters) and catalogue.endpoint(method) or nil
end

-- By verb and path; false: one of several.
local by_call

local function add_call(endpoint)
  local call = endpoint.verb .. " " .. endpoint.path
  by_call[call] = by_call[call] == nil and endpoint
end

-- The endpoint that wechat.call is told to call, and "GET /cgi-bin/tags/get".
local function endpoint_of_call(values)
  local verb, path = values[1], values[2]
  if not verb or not path or type(verb.value) ~= "string" or type(path.value) ~= "string" then return nil end
  if not by_call then
    by_call = {}
    for _, group in ipairs(catalogue.groups) do
      local _, names = catalogue.group(group)
      for _, name in ipairs(names) do add_call(catalogue.find(group, name)) end
    end
  end
  local call = verb.value:upper() .. " " .. path.value
  return by_call[call] or nil, call
end

local function part(node) return node and { kind = "part", node = node } or nil end

-- The meaning of a value of that type; nil if nothing is known of it. `path`: what gives it.
local function of_type(name, endpoint, path)
  if name == "Message" then return { kind = "message" } end
  if name == "Reply" then return { kind = "reply" } end
  if objects[name] then return { kind = "object", class = name } end
  if words_of[name] then return part(node_of_class(name)) end
  local member = name:match("^(%w+)%[%]$")
  local is_list = words_of[member]
  if is_list then return { kind = "part", node = { names = {}, inside = {}, item = node_of_class(member) } } end
  local is_answer = endpoint and not endpoint.url and (name == "table" or name == "Download")
  if is_answer then return part(node_of_endpoint(endpoint, path)) end
end

-- The meaning of what is given: "HttpAnswer?, ApiError?"; `second` in it is that of the second value. A function that
-- is given is one to iterate with: "fun(): StreamEvent?".
local function of_types(text, endpoint, path)
  local member = text:match("^fun%(%): (%w+)")
  if member then return { kind = "iterator", first = of_type(member) } end
  local first, second = text:match("^([%w_%[%]]+)%??, ([%w_]+)")
  local meaning = of_type(first or text:match("^[%w_%[%]]*"), endpoint, path)
  second = second and of_type(second)
  if not second then return meaning end
  meaning = meaning or { kind = "other" }
  meaning.second = second
  return meaning
end

local function of_method(class, name)
  if class == "Menu" then return name == "sub" and { kind = "object", class = "Menu" } or nil end
  for _, row in ipairs(classes.by_name[class].rows) do
    if row[1] == name then return of_types(row[2]:match("^fun%b(): (.*)$") or "") end
  end
end

local function of_path(path, methods, values)
  local class, name = path:match("^(%w+):(.+)$")
  if class then return of_method(class, name) end
  local method = path:match("^wechat%.(.+)$")
  local endpoint, called
  if method == "call" then endpoint, called = endpoint_of_call(values)
  elseif method then endpoint = endpoint_of(method, methods) end
  if not method or not (methods[method] or endpoint) then return nil end
  local meaning = of_types(types.returns_of(method), endpoint, called or (endpoint and "wechat." .. endpoint.name))
  if meaning then meaning.from = path end
  if meaning and meaning.second then meaning.second.from = path end
  return meaning
end

-- By path, for wechat.call depends on its arguments; false: nothing is known of it.
local known = {}

--- Returns what a call gives: of "wechat.tag.create", or of the method "Gate:enter"; nil if nothing is known of it.
--- What it gives is the callers' to read, not to change.
---@param path string
---@param methods table<string, MethodEntry>
---@param values table<integer, Meaning?> what it is called with
---@return Meaning?
function gives.of(path, methods, values)
  if path == "wechat.call" then return of_path(path, methods, values) end
  if known[path] == nil then known[path] = of_path(path, methods, values) or false end
  return known[path] or nil
end

--- Returns what an object's fields are; nil where they are not read.
---@param class string
---@return GivenNode?
function gives.fields_of(class) return class == "HttpStream" and node_of_class(class) or nil end

--- What a page of wechat.route gets.
---@type Meaning
gives.request = part(node_of_class "PageRequest")
gives.request.from = "wechat.route"

-- ---- faults

--- Returns why a value has no field of that name; nil if it may have one.
---@param node GivenNode of the value
---@param name string
---@return string?
function gives.fault_of(node, name)
  if node.inside[name] then return nil end
  if not node.exact then
    local meant = near(name, node.names)
    return meant and ("%s gives no field %s%s; did you mean %s?"):format(node.from, node.prefix, name, meant)
  end
  local hint = misread.hint(name, node.names)
  if hint == "" then hint = (" (it has %s)"):format(table.concat(node.names, ", ")) end
  return ("%s has no field %s%s"):format(node.what, name, hint)
end

return gives
