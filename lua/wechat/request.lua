-- Makes the request for host.api.call from a catalogue entry and the script's table.

local catalogue = require "wechat.catalogue"
local fields = require "wechat.fields"
local files = require "wechat.files"
local misread = require "wechat.misread"

local request = {}

---@class RequestEnv
---@field json table
---@field account fun(what: "appid"|"appsecret"): string?
---@field file_name fun(file: file*): string?
---@field file_fault fun(file: string|file*): string?
---@field path fun(name: string): string
---@field url_encode fun(text: string): string
---@field config table<string, string>

local function copy(values)
  local out = {}
  for name, value in pairs(values) do out[name] = value end
  return out
end

-- Splits the caller's fields into query and body. A name that the entry lists for both is sent in both.
local function split(endpoint, params)
  local query, body, to_body = {}, {}, endpoint.takes_body
  for name, value in pairs(params) do
    local in_query = endpoint.query_tree.inside[name] or name == "access_token"
    if in_query or not to_body then query[name] = value end
    if to_body and (not in_query or endpoint.tree.inside[name]) then body[name] = value end
  end
  return query, body
end

-- Turns the values of a table of our own into texts; or nil and the fault, which names the value.
local function make_texts(values, env)
  for name, value in pairs(values) do
    local text, fault = fields.text(value, env.json)
    if not text then return nil, ("%s %s"):format(tostring(name), fault) end
    values[name] = text
  end
  return values
end

-- The same in place, for the query. A misspelt name of `params` went into the body, where there is one.
local function fill_query(endpoint, query, params, env)
  local tree = endpoint.query_tree
  for _, name in ipairs(tree.names) do
    local fault
    query[name], fault = fields.fill_one(tree.inside[name], query[name], name, env)
    if fault then return nil, params[name] == nil and fields.misspelt(tree, params, "", name) or fault end
  end
  return make_texts(query, env)
end

-- The query's names: the catalogue's in its order, because the platform's pages insist on it, then others.
local function ordered_names(endpoint, query)
  local names, listed = {}, {}
  for i, field in ipairs(endpoint.query) do names[i], listed[field.path] = field.path, true end
  for _, name in ipairs(misread.names(query)) do
    if not listed[name] then names[#names + 1] = name end
  end
  return names
end

local function page_address(endpoint, query, env)
  local parts = {}
  for _, name in ipairs(ordered_names(endpoint, query)) do
    if query[name] then parts[#parts + 1] = name .. "=" .. env.url_encode(query[name]) end
  end
  local base = "https://open.weixin.qq.com"
  if endpoint.host == "mp" then base = env.config.mp_base or "https://mp.weixin.qq.com" end
  return base:gsub("/$", "") .. endpoint.path .. "?" .. table.concat(parts, "&") .. endpoint.url
end

-- A body that is neither form nor JSON: the table's first value, or its `body`.
local function take_raw(out, field, body, env)
  local value = body[1] or body.body or body["(raw)"]
  out.verb, out.body = "POST", ""
  if value == nil then return out end
  local fault = fields.fault_of(field, value, "body", env.json.null)
  if fault then return nil, fault end
  out.body, out.content_type = value, "text/plain"
  if not field.types.file then return out end
  local part
  part, fault = files.part("body", value, body.extension, env)
  if fault then return nil, fault end
  out.body, fault = files.read(part)
  out.content_type = part.content_type
  return out.body and out, fault
end

local function take_form(out, endpoint, body, env)
  local name = endpoint.file.path
  local file, extension = body[name], body.extension
  body[name], body.extension = nil, nil
  if extension ~= nil and type(extension) ~= "string" then
    return nil, ("extension is a %s (string expected)"):format(type(extension))
  end
  if file then
    local part, wrong = files.part(name, file, extension, env)
    if wrong then return nil, wrong end
    out.files = { part }
  end
  local fault
  out.form, fault = make_texts(body, env)
  if fault then return nil, fault end
  -- A picture given by its URL is sent in the query: there is no form.
  if not file and next(out.form) == nil then out.verb, out.form, out.body = "POST", nil, "" end
  return out
end

local function fault_of_names(endpoint, params)
  for name in pairs(params) do
    if type(name) ~= "string" and not (name == 1 and endpoint.raw) then
      local value = params[name]
      local what = type(value) == "string" and ("'%s'"):format(value) or "a " .. type(value)
      return ("takes fields by their names; %s has none"):format(what)
    end
  end
end

--- The request, or the URL if nothing is sent; nil and the fault, which names the field.
---@param endpoint Endpoint
---@param params table
---@param method string the name for errors
---@param env RequestEnv
---@return table|string|nil
---@return string? fault
function request.build(endpoint, params, method, env)
  local query, body, fault = {}, {}
  if next(params) ~= nil or getmetatable(params) then
    fault = fault_of_names(endpoint, params)
    if fault then return nil, fault end
    query, body = split(endpoint, params)
  end
  if next(query) ~= nil or endpoint.query_tree.names[1] ~= nil then
    query, fault = fill_query(endpoint, query, params, env)
    if fault then return nil, fault end
  end
  if endpoint.url then return page_address(endpoint, query, env) end
  local own_token = endpoint.token ~= "access_token" or query.access_token
  local out = {
    verb = endpoint.verb, path = endpoint.path, base = endpoint.host, query = query, method = method,
    token = own_token and "none" or "access_token", send = endpoint.send or nil,
  }
  if endpoint.raw then return take_raw(out, endpoint.raw, body, env) end
  if not endpoint.takes_body then return out end
  body, fault = fields.fill(endpoint.tree, body, "", env)
  if fault then return nil, fault end
  if endpoint.verb == "UPLOAD" then return take_form(out, endpoint, body, env) end
  out.body = body
  return out
end

local verbs = { GET = true, POST = true, UPLOAD = true, DOWNLOAD = true }

-- The form of wechat.call: open files are files, other values are texts.
local function free_form(out, body, env)
  local values, fault = {}
  out.files = {}
  for name, value in pairs(body) do
    if io.type(value) == "file" then
      local part, wrong = files.part(name, value, body.extension, env)
      if wrong then return nil, wrong end
      out.files[#out.files + 1] = part
    elseif name ~= "extension" then
      values[name] = value
    end
  end
  out.form, fault = make_texts(values, env)
  return out.form and out, fault
end

-- The body of wechat.call: the lists of an endpoint that the catalogue has, under the name that its path ends with
-- ("/cgi-bin/menu/create": menu.create), are lists when they are empty too.
local function mark_lists(verb, path, body, json)
  local endpoint = catalogue.find(path:match("([^/]+)/([^/]+)$") or "", path:match("[^/]+$") or "")
  if not endpoint or endpoint.verb ~= verb or endpoint.path ~= path then return body end
  return fields.mark_lists(endpoint.tree, body, json)
end

--- The request for an endpoint that the catalogue lacks; nil and the fault.
---@param verb string
---@param path string
---@param query table?
---@param body table|string|nil
---@param env RequestEnv
---@return table?
---@return string? fault
function request.free(verb, path, query, body, env)
  verb, query = verb:upper(), query or {}
  if not verbs[verb] then
    return nil, ("verb is '%s' (GET, POST, UPLOAD or DOWNLOAD expected)"):format(verb)
  end
  if not path:find("^/[^?#%s]*$") then
    return nil, ("path is '%s' (expected to begin with '/', without host and query)"):format(path)
  end
  local out = {
    verb = verb, path = path, base = "api", method = "call",
    token = query.access_token and "none" or "access_token",
    send = path:find("/send", 1, true) and true or nil,
  }
  local fault
  out.query, fault = make_texts(copy(query), env)
  if fault then return nil, "query." .. fault end
  if verb == "UPLOAD" then
    if type(body) ~= "table" then return nil, "body is missing (table: the form)" end
    return free_form(out, body, env)
  end
  if type(body) == "table" then body = mark_lists(verb, path, body, env.json) end
  out.body = body or verb == "POST" and {} or nil
  return out
end

return request
