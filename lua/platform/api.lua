-- Answers requests to the platform's API: finds the endpoint, applies the faults that are on, checks token,
-- fields and limits, then calls the endpoint's handler (endpoints/) or builds a sample answer from the
-- catalogue.

local account_kinds = require "platform.account_kinds"
local catalogue = require "wechat.catalogue"
local checks = require "platform.checks"
local errcodes = require "wechat.errcodes"
local form = require "platform.form"
local limits = require "platform.limits"

local api = {}

-- ---- endpoint handlers

local handlers = {}
for _, name in ipairs { "token", "menu", "message", "media", "article", "people", "qrcode", "staff", "oauth", "openapi",
  "datacube", "jump" } do
  for full, handler in pairs(require("platform.endpoints." .. name)) do handlers[full] = handler end
end

-- ---- endpoint lookup

local by_path = {}

local function read_catalogue()
  for _, group in ipairs(catalogue.groups) do
    local _, names = catalogue.group(group)
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      by_path[endpoint.path] = by_path[endpoint.path] or {}
      table.insert(by_path[endpoint.path], endpoint)
    end
  end
end

local verbs = { GET = { GET = true }, POST = { POST = true }, UPLOAD = { POST = true }, DOWNLOAD = { GET = true, POST = true } }

local function value_at(value, path)
  for name in path:gmatch("[^.]+") do value = type(value) == "table" and value[name] or nil end
  return value
end

-- The errcode of a field whose value differs from its one permitted value; 40097 for fields not listed.
local codes_of_values = { grant_type = 40002, msgtype = 40008 }

-- Returns the errcode of the first field whose value differs from its one permitted value; nil if there is none.
local function fault_of_values(fields, given)
  for _, field in ipairs(fields) do
    local value = field.value and not field.choices and value_at(given, field.path)
    if value and tostring(value) ~= tostring(field.value) then return codes_of_values[field.path] or 40097 end
  end
end

-- Forms beside the documented one that the platform accepts: another HTTP method, or body fields in the query.
local older_forms = {
  ["kf.account_delete"] = { GET = true, from_query = true },
  ["openapi.clear_quota_v2"] = { from_query = true },
  ["oauth.access_token"] = { POST = true },
  ["oauth.refresh_token"] = { POST = true },
}

-- OAuth clients post what the platform documents as a query in a form (RFC 6749, 4.1.3 and 6).
local takes_form = { ["/sns/oauth2/access_token"] = true, ["/sns/oauth2/refresh_token"] = true }

local function takes_verb(endpoint, method)
  local older = older_forms[endpoint.name]
  return verbs[endpoint.verb][method] or (older and older[method])
end

-- Returns the endpoint, or nil and the errcode (0: unknown path). Endpoints may share a path and differ in one field.
local function find(method, path, given)
  local all, code = by_path[path], nil
  if not all then return nil, 0 end
  for _, endpoint in ipairs(all) do
    if takes_verb(endpoint, method) then
      local fault = fault_of_values(endpoint.query, given.query) or fault_of_values(endpoint.body, given.body)
      if not fault then return endpoint end
      code = code or fault
    end
  end
  return nil, code or (verbs[all[1].verb].POST and 43002 or 43001)
end

-- ---- answers

local function rid() return ("%x-%08x-%08x"):format(os.time(), math.random(0, 0xffffffff), math.random(0, 0xffffffff)) end

-- The platform's error messages that differ from the code's symbol.
local own_words = { [48001] = "api unauthorized", [10005] = "scope unauthorized" }

local function words_of(code)
  local known = errcodes.find(code)
  if own_words[code] then return own_words[code] end
  return known and known.symbol:lower():gsub("_", " ") or "error"
end

--- Returns an error answer in the platform's format.
function api.refusal(code, words)
  return { json = { errcode = code, errmsg = ("%s rid: %s"):format(words or words_of(code), rid()) } }
end

-- What a removed endpoint answers; 47009 unless it is listed.
local removed = { ["material.add_news"] = 45106, ["material.update_news"] = 45106 }

--- Whether an endpoint behaves as documented; the others check their input and return a sample answer.
---@param name string
---@return boolean
function api.behaves(name)
  local group, last = name:match("^(.*)%.([^.]+)$")
  return handlers[name] ~= nil or catalogue.find(group, last).status == "removed"
end

local samples = { string = "", integer = 0, number = 0, boolean = false, object = {}, binary = "" }

-- Returns the answer of an endpoint without a handler: the fields that the catalogue lists, with empty values.
local function make_sample(p, endpoint)
  local answer = { errcode = 0, errmsg = "ok" }
  for _, field in ipairs(endpoint.returns) do
    if field.path == "(body)" then return { headers = { ["Content-Type"] = "application/octet-stream" }, body = "" } end
    local where, names = answer, {}
    for name in field.path:gmatch("[%a_][%w_]*") do names[#names + 1] = name end
    for i = 1, #names - 1 do
      if type(where[names[i]]) ~= "table" then where[names[i]] = {} end
      where = where[names[i]]
    end
    local kind = field.type:match("^[^|]+")
    local last = names[#names]
    if last and where[last] == nil then
      where[last] = (kind:find("%[%]$") or kind == "array") and p.host.json.array {} or kind == "object" and {} or samples[kind]
    end
  end
  return { json = answer }
end

local function finish(endpoint, answer)
  if answer.file then
    local file = answer.file
    return {
      headers = {
        ["Content-Type"] = file.content_type or "application/octet-stream",
        ["Content-disposition"] = ('attachment; filename="%s"'):format(file.filename or "file"),
      },
      body = file.body,
    }
  end
  if answer.page then return answer.page end
  if #endpoint.returns == 0 and answer.errcode == nil then answer.errcode, answer.errmsg = 0, "ok" end
  if answer.errcode and answer.errmsg == nil then answer.errmsg = "ok" end
  return { json = answer }
end

-- ---- request checks

local function add_first_values(values, pairs_read)
  for name, value in pairs(pairs_read or {}) do values[name] = type(value) == "table" and value[1] or value end
end

local function read_request(p, request)
  local given = { query = {}, body = {}, files = {}, raw = request.body or "" }
  add_first_values(given.query, request.query)
  if takes_form[request.path] then
    add_first_values(given.query, request.form)
    return given
  end
  local kind = (request.headers["content-type"] or ""):lower()
  if request.method ~= "POST" then return given end
  if kind:find("^multipart/form%-data") then
    local files, fields = form.parse(request.headers["content-type"], given.raw)
    if not files then return nil, 40035 end
    given.files, given.body, given.multipart = files, fields, true
    return given
  end
  if given.raw == "" then return given end
  local value = p.host.json.decode(given.raw)
  if type(value) == "table" then given.body = value
  else given.broken = true end
  return given
end

local function takes_body(endpoint)
  for _, field in ipairs(endpoint.body) do
    if field.required then return true end
  end
  return false
end

local BEIJING_S = 8 * 3600

-- Increments an endpoint's daily counter, which resets at midnight in Beijing; returns an errcode above the limit.
local function count(p, endpoint)
  local counters, today = p.state.counters, os.date("!%F", p.now() + BEIJING_S)
  if p.state.calls_day ~= today then
    p.state.calls_day, p.state.counters = today, {}
    counters = p.state.counters
  end
  counters[endpoint.name] = (counters[endpoint.name] or 0) + 1
  local most = account_kinds.calls(p.account_kind, endpoint.name) or limits.calls[endpoint.name] or limits.calls_of_others
  if p.faults.quota or counters[endpoint.name] > most then return 45009 end
end

local function fault_of_body(endpoint, given, null)
  if given.multipart then
    for _, field in ipairs(endpoint.body) do
      if field.types.file and field.required and not given.files[field.path] then return 41005 end
    end
    return nil
  end
  if endpoint.verb == "UPLOAD" then return 41005 end
  if given.broken then
    for _, field in ipairs(endpoint.body) do
      if field.path == "(raw)" then return nil end
    end
    return 47001
  end
  if given.raw == "" and takes_body(endpoint) then return 44002 end
  return checks.fault(endpoint.body, given.body, null)
end

-- Converts the fields to the types that the catalogue documents.
local function read_fields(endpoint, given)
  local older = older_forms[endpoint.name]
  if older and older.from_query then
    for _, field in ipairs(endpoint.body) do
      if given.body[field.path] == nil then given.body[field.path] = given.query[field.path] end
    end
    if next(given.body) ~= nil and given.raw == "" then given.raw = "{}" end
  end
  given.query = checks.read_query(endpoint.query, given.query)
  given.query, given.body = checks.read_ids(endpoint.query, given.query), checks.read_ids(endpoint.body, given.body)
end

-- Checks in the platform's order: token, right, quota, fields.
local function fault_of(p, endpoint, given)
  if p.faults.fail and endpoint.token ~= "none" then return p.faults.fail end
  if endpoint.token == "access_token" then
    local code = p.token_fault(given.query.access_token)
    if code then return code end
  end
  local refusal = account_kinds.refusal(p.account_kind, endpoint.name)
  if refusal then return refusal end
  local spent = count(p, endpoint)
  if spent then return spent end
  read_fields(endpoint, given)
  local code, path = checks.fault(endpoint.query, given.query, p.host.json.null)
  if code then return code, path end
  return fault_of_body(endpoint, given, p.host.json.null)
end

local function find_answer(p, request)
  if next(by_path) == nil then read_catalogue() end
  if p.faults.slow_ms then p.host.time.sleep(p.faults.slow_ms / 1000) end
  local given, code = read_request(p, request)
  if not given then return api.refusal(code) end
  local endpoint
  endpoint, code = find(request.method, request.path, given)
  if not endpoint then
    if code == 0 then return { status = 404, body = "404 page not found", headers = { ["Content-Type"] = "text/plain" } } end
    return api.refusal(code)
  end
  local fault, path = fault_of(p, endpoint, given)
  local answer
  if fault then
    answer = api.refusal(fault, path and ("%s: %s"):format(words_of(fault), path))
  else
    local handler = handlers[endpoint.name]
    local call = { name = endpoint.name, query = given.query, body = given.body, files = given.files, fields = given.body, raw = given.raw }
    local value, errcode, words = nil, nil, nil
    local openid = call.body.touser or call.body.openid or call.query.openid
    if handler then
      p.note_addressee(openid)
      value, errcode, words = handler(p, call)
    end
    if errcode == 40003 then words = words or p.stranger(openid) end
    if not handler and endpoint.status == "removed" then answer = api.refusal(removed[endpoint.name] or 47009)
    elseif not handler then answer = make_sample(p, endpoint)
    elseif value == nil then answer = api.refusal(errcode, words)
    else answer = finish(endpoint, value) end
  end
  answer.name = endpoint.name
  return answer
end

-- As the platform sends them. Clients that go by a charset take both for ISO 8859-1, or guess.
local function type_of_json(path) return path:find("^/sns/") and "text/plain" or "application/json; encoding=utf-8" end

--- Answers a request; returns {status, headers, body or json, name}.
---@param p table
---@param request table method, path, query, form, headers, body
function api.answer(p, request)
  local answer = find_answer(p, request)
  if answer.json ~= nil then answer.headers = { ["Content-Type"] = type_of_json(request.path) } end
  return answer
end

return api
