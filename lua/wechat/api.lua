-- The platform's calls: `wechat.GROUP.NAME{...}` for every endpoint of the catalogue, and `wechat.call`.
--
-- request.lua makes the request, C sends it (host.api.call, host/lib_api.c).

local catalogue = require "wechat.catalogue"
local errors = require "wechat.errors"
local misread = require "wechat.misread"
local place = require "wechat.place"
local request = require "wechat.request"

-- The fields that a caller has to give.
local function needed_fields(endpoint)
  local list = {}
  for _, fields in ipairs { endpoint.query, endpoint.body } do
    for _, field in ipairs(fields) do
      if field.required and field.value == nil and not field.default_of then list[#list + 1] = field end
    end
  end
  return list
end

local group_mark = "group of the platform's calls"

local function is_prefix(name)
  for _, group in ipairs(catalogue.groups) do
    if group == name or group:sub(1, #name + 1) == name .. "." then return true end
  end
  return false
end

-- The names in wechat.PREFIX: its endpoints and its subgroups.
local function names_in(prefix)
  local names = {}
  for _, group in ipairs(catalogue.groups) do
    if group:sub(1, #prefix + 1) == prefix .. "." then names[#names + 1] = group:sub(#prefix + 2) end
  end
  if not catalogue.has_group(prefix) then return names end
  local _, endpoints = catalogue.group(prefix)
  return table.move(endpoints, 1, #endpoints, #names + 1, names)
end

-- The same and the other keys of the table; for `wechat` itself the top-level groups.
local function names_below(t, prefix)
  local names = misread.names(t)
  if prefix then return table.move(names_in(prefix), 1, #names_in(prefix), #names + 1, names) end
  for _, group in ipairs(catalogue.groups) do names[#names + 1] = group:match("^[^.]+") end
  return names
end

-- Gives `t` the names below `prefix`; make(endpoint) creates each at its first use.
local function attach(t, prefix, make)
  local function index(_, name)
    if type(name) ~= "string" then return nil end
    local full = prefix and prefix .. "." .. name or name
    local value
    if is_prefix(full) then
      value = attach({}, full, make)
    else
      local endpoint = prefix and catalogue.find(prefix, name)
      value = endpoint and make(endpoint) or nil
    end
    if not value then misread.raise(prefix and "wechat." .. prefix or "wechat", name, names_below(t, prefix)) end
    rawset(t, name, value)
    return value
  end
  local function all()
    for _, name in ipairs(names_in(prefix)) do index(t, name) end
    return next, t, nil
  end
  local function call() misread.raise_call(prefix and "wechat." .. prefix or "wechat", names_below(t, prefix)) end
  return setmetatable(t, { __metatable = group_mark, __index = index, __call = call, __pairs = prefix and all or nil })
end

-- Refusals that are harmless: "typing" is shown already.
local expected = { [45081] = true }

---@class Api used by the methods that call the platform
---@field request_of fun(endpoint: Endpoint, params: table, method: string): table|string|nil, string?
---@field request fun(full: string, params: table, method: string): table|string|nil, string?
---@field send fun(request: table): any, ApiError? waits
---@field fail fun(failure: table, method: string, quiet: boolean?): nil, ApiError

---@param host table
---@param env RequestEnv
---@return Api
---@return fun(text: string) warn
local function new_api(host, env)
  -- pcall, because the log would otherwise name a line of this file.
  local function warn(text) pcall(host.log.warn, place() .. text) end

  local api, noted = {}, host.noted

  -- Each customer service message counts for its user; by request.
  local users = setmetatable({}, { __mode = "k" })

  -- Requests whose failure their sender logs, with the message's user (late.lua).
  local told_by_sender = setmetatable({}, { __mode = "k" })

  local function note_user(made, full, params)
    if type(made) ~= "table" or not full:find("^message%.custom%.send_") then return end
    users[made], told_by_sender[made] = params.touser, host.api.own_sends[params]
  end

  function api.request_of(endpoint, params, method)
    local made, fault = request.build(endpoint, params, method, env)
    if endpoint.send then note_user(made, endpoint.name, params) end
    return made, fault
  end

  function api.request(full, params, method) return api.request_of(catalogue.endpoint(full), params, method) end

  -- Logs it too, unless `quiet`: the script may ignore the error.
  function api.fail(failure, method, quiet)
    local err = errors.new(failure, method, host.api.account("appsecret"))
    if not quiet and not expected[err.errcode] then warn(tostring(err)) end
    return nil, err
  end

  -- What a customer service message says of the account and of its user's quota.
  local function note_send(user, failure)
    if failure == nil then
      host.reply.allowed(true)
      host.quota.count(user)
    elseif failure.errcode == 48001 then
      if host.reply.allowed(false) then
        host.log.warn("this account has no customer service messages (48001): for an hour no late answer is sent so")
      end
    elseif failure.errcode == 45047 or failure.errcode == 45015 then
      host.quota.spend(user)
    end
  end

  function api.send(made)
    local began = noted.now()
    local result, failure = host.api.call(made)
    if began then noted.platform(made, began, failure) end
    if made.send and users[made] and host.quota then note_send(users[made], failure) end
    if failure == nil then
      if made.verb == "DOWNLOAD" and result.size and not result.save then result.save = host.api.save end
      return result
    end
    return api.fail(failure, made.method, told_by_sender[made])
  end

  return api, warn
end

local function status_words(endpoint)
  local what = endpoint.status == "removed" and "no longer served" or "deprecated"
  return ("wechat.%s is %s by the platform. %s"):format(endpoint.name, what, endpoint.note or "")
end

---@param wechat table
---@param host table
return function(wechat, host)
  local env = {
    json = host.json, config = host.config, url_encode = host.codec.url_encode, account = host.api.account,
    file_name = host.api.file_name, file_fault = host.api.file_fault, path = host.path,
  }
  local api, warn = new_api(host, env)
  local warned = {}

  local function warn_once(endpoint)
    if warned[endpoint.name] then return end
    warned[endpoint.name] = true
    warn(status_words(endpoint))
  end

  local nothing = {} -- what a call without fields was given; nobody changes a caller's table

  -- Raises what is wrong with arguments that are no table of fields, and how the call is written.
  local function refuse(endpoint, params, more)
    local given = getmetatable(params) == group_mark and "the group is given: write a dot for the colon"
      or more > 0 and ("%d arguments are given"):format(more + 1) or ("a %s is given"):format(type(params))
    local needed = {}
    for _, field in ipairs(needed_fields(endpoint)) do needed[#needed + 1] = field.path end
    host.args.fail("wechat.%s: takes one table of fields: wechat.%s{...}%s; %s", endpoint.name, endpoint.name,
      #needed > 0 and ", with " .. table.concat(needed, ", ") or "", given)
  end

  local function make(endpoint)
    return host.args.method(endpoint.name, nil, function(params, ...)
      local more = select("#", ...)
      if params == nil and more == 0 then params = nothing
      elseif type(params) ~= "table" or getmetatable(params) == group_mark or more > 0 then refuse(endpoint, params, more) end
      local made, fault = api.request_of(endpoint, params, endpoint.name)
      if not made then host.args.fail("wechat.%s: %s", endpoint.name, fault) end
      if endpoint.status then warn_once(endpoint) end
      if type(made) == "string" then return made end
      return api.send(made)
    end, endpoint.doc)
  end

  host.args.add(wechat, "call", {
    { "verb", "string", "GET, POST, UPLOAD or DOWNLOAD" },
    { "path", "string", "from the host on, without a query" },
    { "query", "table?" },
    { "body", "table|string?", "of an UPLOAD the form, its open files among the fields" },
  }, function(verb, path, query, body)
    local made, fault = request.free(verb, path, query, body, env)
    if not made then host.args.fail("wechat.call: %s", fault) end
    return api.send(made)
  end, "Calls what the catalogue lacks, with the token, decoded, tried again and reported like any other.")

  require("wechat.menu")(wechat, host, api)

  -- A group may have functions of its own already: wechat.menu.check.
  for _, group in ipairs(catalogue.groups) do
    local root = group:match("^[^.]+")
    local present = rawget(wechat, root)
    if type(present) == "table" and getmetatable(present) ~= group_mark then attach(present, root, make) end
  end
  attach(wechat, nil, make)
  require("wechat.basic")(wechat, host, api)
end
