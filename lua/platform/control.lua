-- Routes requests: the control API (/sim/...), the console's files, and everything else to the platform's API
-- (api.lua).

local account_kinds = require "platform.account_kinds"

local CALLS_KEPT = 500
local HANG_UP = 444
local LONGEST_JUMP_S = 366 * 24 * 3600
local SHOWN_MAX = 64 * 1024 -- bytes of a body that the desk shows

local types = {
  html = "text/html; charset=utf-8", css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8",
  svg = "image/svg+xml", json = "application/json; charset=utf-8",
}

-- Security headers: the console loads nothing from other sites, and other sites cannot embed it.
local GUARD = {
  ["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data: blob: http: https:; " ..
    "media-src 'self' blob: http: https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ["X-Frame-Options"] = "DENY", ["Referrer-Policy"] = "no-referrer", ["Cache-Control"] = "no-store",
}

return function(p, host)
  local json = host.json
  local api = host.file.embedded("platform/api.lua") and require("platform.api")
  local calls, last_call = {}, p.first_id
  local bot = { script = p.script, ok = p.script ~= "" }
  p.bot = bot

  local function refuse(status, why) return { status = status, json = { error = why } } end

  -- Returns a parameter as an integer from 0 up; nil for anything else.
  local function whole(text)
    local number = type(text) == "string" and math.tointeger(tonumber(text))
    return number and number >= 0 and number or nil
  end

  -- ---- control API ----

  local control = {}

  control["GET /sim/state"] = function()
    local menus = {}
    for openid in pairs(p.state.users) do menus[openid] = p.menu(openid) or json.null end
    local account = p.account
    return { json = {
      account = { name = account.name, original_id = account.original_id, appid = account.appid,
        mode = account.mode, callback = p.callback, kind = p.account_kind },
      users = json.array(p.users()), menus = menus, chats = p.chats, trace = p.trace, faults = p.faults,
      bot = bot, event = p.last_event(), now = p.clock(),
    } }
  end

  control["GET /sim/events"] = function(request)
    return p.event_stream(whole(request.headers["last-event-id"] or request.query.after))
  end

  control["POST /sim/act"] = function(request)
    local answer, why = p.act(request.json)
    p.changed()
    if not answer then return refuse(400, why) end
    return { json = answer }
  end

  control["POST /sim/user"] = function(request)
    local user, why = p.change_user(request.json)
    if not user then return refuse(400, why) end
    return { json = user }
  end

  control["POST /sim/faults"] = function(request)
    local done, why = p.switch_faults(request.json)
    if not done then return refuse(400, why) end
    return { json = p.faults }
  end

  control["GET /sim/calls"] = function(request)
    local after, list = whole(request.query.after) or 0, json.array {}
    for id = math.max(after + 1, last_call - CALLS_KEPT + 1), last_call do
      list[#list + 1] = calls[id % CALLS_KEPT]
    end
    return { json = list }
  end

  control["POST /sim/reset"] = function()
    p.reset()
    calls = {}
    return { json = { ok = true } }
  end

  --- Switches to another kind of account; null: a service account with every right.
  control["POST /sim/account"] = function(request)
    local kind = request.json.kind
    if kind == json.null then kind = nil end
    if kind and not account_kinds.exists(kind) then
      return refuse(400, "unknown kind of account, write one of: " .. table.concat(account_kinds.names, ", "))
    end
    p.account_kind = kind
    return { json = { ok = true } }
  end

  --- Advances the clock of the whole process: timers, timeouts, token lifetimes.
  control["POST /sim/time"] = function(request)
    local seconds = tonumber(request.json.forward)
    if not seconds or seconds <= 0 or seconds > LONGEST_JUMP_S then
      return refuse(400, "forward is a number of seconds, up to a year")
    end
    -- Delayed: otherwise this request would itself time out before its answer is sent.
    p.after(0.01, function()
      host.time.advance(seconds)
      p.emit("time", { now = p.clock() })
    end)
    return { json = { now = p.clock() + seconds } }
  end

  --- Returns how many customer service messages a user can still be sent; `refused`: this kind of account can send
  --- none.
  control["GET /sim/quota"] = function(request)
    local user = p.state.users[request.query.user or ""]
    if not user then return refuse(404, "there is no such user") end
    local quota = p.custom_quota(user)
    quota.refused = account_kinds.refusal(p.account_kind, "message.custom.send_text") ~= nil or nil
    return { json = quota }
  end

  -- If there is a bot in this process, C answers (src/dev/user_state.c).
  local function refuse_state()
    local where = p.callback ~= "" and "the bot is at " .. p.callback .. ", and its state is seen there" or "there is no bot"
    return refuse(404, ("there is no bot in this process: %s. Start it here: wemoon dev BOT.lua"):format(where))
  end
  control["GET /sim/bot"], control["POST /sim/bot"] = refuse_state, refuse_state

  --- Returns the platform's events, with their elements by path.
  control["GET /sim/events/forms"] = function() return { json = require "platform.event_forms" } end

  -- p.revoke_token is defined in state.lua, which may be absent.
  control["POST /sim/token"] = function(request)
    if request.json.revoke ~= true then return refuse(400, "there is only {revoke = true}") end
    if not p.revoke_token then return refuse(404, "there are no tokens here") end
    p.revoke_token()
    return { json = { ok = true } }
  end

  require("platform.source")(p, host, control)
  local answer_as_host = require("platform.fake_hosts")(p, host, control)

  local function answer_media(id)
    local file = p.media(id)
    if not file then return refuse(404, "there is no such file") end
    local kind = file.content_type or "application/octet-stream"
    return { headers = { ["Content-Type"] = kind, ["Content-Security-Policy"] = "sandbox; default-src 'none'" },
      body = file.body }
  end

  local function is_post_of_json(request)
    local kind = (request.headers["content-type"] or ""):lower()
    return kind == "" or kind:find("json", 1, true) ~= nil or kind:find("x-www-form-urlencoded", 1, true) ~= nil
  end

  local function answer_control(request)
    local id = request.path:match("^/sim/media/([%w_-]+)$")
    if id and request.method == "GET" then return answer_media(id) end
    local answer = control[request.method .. " " .. request.path]
    if not answer then return refuse(404, "there is no " .. request.method .. " " .. request.path) end
    if request.method == "POST" then
      if not is_post_of_json(request) then return refuse(400, "send JSON") end
      local value, fault = {}, nil
      if request.body ~= "" then value, fault = json.decode(request.body) end
      if type(value) ~= "table" then return refuse(400, "the body is not a JSON object: " .. tostring(fault)) end
      request.json = value
    end
    return answer(request)
  end

  -- ---- console ----

  local function answer_console(path)
    local name = path == "/console" and "index.html" or path:match("^/console/([%w_-]+%.%w+)$")
    local bytes = name and name ~= "head.html" and host.file.embedded("platform/console/" .. name)
    if not bytes then return refuse(404, "the console has no such file") end
    if name == "index.html" then
      local marks = { base = "/console", script = "app.js" }
      bytes = host.file.embedded("platform/console/head.html"):gsub("{(%l+)}", marks) .. bytes
    end
    local headers = { ["Content-Type"] = types[name:match("%w+$")] or "application/octet-stream" }
    for field, value in pairs(GUARD) do headers[field] = value end
    return { headers = headers, body = bytes }
  end

  local function answer_reference(request)
    local asked = request.query.lang
    local accepts = (request.headers["accept-language"] or ""):lower():match("^%s*zh")
    local lang = (asked == "zh" or asked == "en") and asked or accepts and "zh" or "en"
    local about = host.json.decode(host.config.reference)
    if not about then return refuse(404, "there is no reference here") end
    about.lang = lang
    local headers = { ["Content-Type"] = "text/html; charset=utf-8" }
    for field, value in pairs(GUARD) do headers[field] = value end
    headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    local _ = wechat.call -- loads the methods that call the platform
    return { headers = headers, body = require("docs.html")(host.args.methods, about) }
  end

  -- ---- platform API ----

  -- Returns a secret in displayable form: its first characters and its length.
  local function mask(secret) return ("%s…(%d)"):format(#secret >= 12 and secret:sub(1, 4) or "", #secret) end

  local hidden = { access_token = true, refresh_token = true, secret = true, appsecret = true }

  -- Returns a body for the desk with secrets masked, as they may be real; binary and large bodies as their length.
  local function shown_body(text)
    if type(text) ~= "string" then return nil end
    if #text > SHOWN_MAX or not utf8.len(text) then return ("(%d bytes)"):format(#text) end
    text = text:gsub('("([%w_]+)"%s*:%s*")([^"]*)"', function(head, name, value)
      if hidden[name] then return head .. mask(value) .. '"' end
    end)
    -- of a form
    text = ("&" .. text):gsub("(&([%w_]+)=)([^&]*)", function(head, name, value)
      if hidden[name] then return head .. mask(value) end
    end):sub(2)
    local secret = p.account.appsecret
    if secret == "" then return text end
    return (text:gsub(secret:gsub("%p", "%%%0"), (mask(secret):gsub("%%", "%%%%"))))
  end

  local function shown_query(query)
    local shown = {}
    for name, value in pairs(query) do
      shown[name] = hidden[name] and type(value) == "string" and mask(value) or value
    end
    return shown
  end

  local function note_call(request, answer, began)
    last_call = last_call + 1
    local call = {
      id = last_call, time = began, verb = request.method, path = request.path, name = answer.name,
      query = shown_query(request.query), body = shown_body(request.body), status = answer.status or 200,
      answer = shown_body(answer.body or answer.json ~= nil and json.encode_lossy(answer.json)), ms = (p.clock() - began) * 1000 // 1 | 0,
    }
    calls[last_call % CALLS_KEPT] = call
    p.trace_call(call)
  end

  local function answer_api(request)
    local began = p.clock()
    if p.faults.network then return { status = HANG_UP } end
    local answer = api and api.answer(p, request) or refuse(404, "the simulated platform has no API here")
    note_call(request, answer, began)
    if request.method == "POST" or answer.name ~= nil then p.changed() end
    return { status = answer.status, headers = answer.headers, body = answer.body, json = answer.json }
  end

  local function answer_any(request)
    local path = request.path
    if path == "/sim/outside" then return answer_as_host(request) end
    if path:find("^/sim/") then return answer_control(request) end
    if path == "/reference" then return answer_reference(request) end
    if path == "/console" or path:find("^/console/") then return answer_console(path) end
    if path == "/" then return { status = 302, headers = { Location = "/console" } } end
    return answer_api(request)
  end

  -- Encoded lossily: an answer may quote a query that is not valid UTF-8.
  host.page("*", "*", function(request)
    local answer = answer_any(request)
    if answer.json == nil then return answer end
    local headers = { ["Content-Type"] = types.json }
    for name, value in pairs(answer.headers or {}) do headers[name] = value end
    return { status = answer.status, headers = headers, body = json.encode_lossy(answer.json) }
  end)

  -- ---- process events ----

  local function take_note(kind, text, time)
    if kind == "loaded" or kind == "unloadable" then
      bot.ok, bot.error = kind == "loaded", kind ~= "loaded" and text or nil
      if bot.ok then bot.failure = nil end
      return p.emit("reload", { ok = bot.ok, error = bot.error, time = time })
    end
    if kind == "followers" then
      for openid in text:gmatch("[^\n]+") do p.user_of(openid) end
      return
    end
    if kind == "arrived" then return p.take_arrived(text) end
    if kind == "answered" then return p.take_answered(text:match("^([^\n]*)\n(.*)$")) end
    if kind == "failed" then
      local openid, error_text = text:match("^([^\n]*)\n(.*)$")
      bot.failure = { text = error_text, openid = openid, time = time }
      p.emit("failure", bot.failure)
      return p.script_failed(openid, error_text)
    end
    local file, line = text:match("([^%s:'\"]+%.lua):(%d+):")
    -- A timer or a page that failed has no message: the header says so.
    if kind == "error" and bot.ok and text:find("^[^\n]- failed: [^\n]-%.lua:%d+: ") then
      bot.failure = { text = text, time = time }
      p.emit("failure", bot.failure)
    end
    p.emit("log", { level = kind, text = text, time = time, file = file, line = line and tonumber(line) })
  end

  host.time.spawn(function()
    while true do
      local kind, text, time = host.feed.next()
      pcall(take_note, kind, text, time) -- an error here is logged and would itself be the next note
    end
  end)

  if host.config.faults ~= "" then
    local done, why = p.parse_faults(host.config.faults)
    if not done then error(why, 0) end
  end
end
