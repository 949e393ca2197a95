-- OAuth web authorization. The consent page (/connect/oauth2/authorize) agrees at once for the user for whom it is
-- opened.

local limits = require "platform.limits"
local consent = require "platform.consent"

local CODE_S = 300

local function authorize(p, call)
  local query = call.query
  if query.appid ~= p.account.appid then return nil, 40013 end
  local address = query.redirect_uri
  if not address or not address:find("^https?://") then return nil, 10003 end
  local user = consent.visitor(p, query)
  local code = p.random(32)
  p.state.codes = p.state.codes or {}
  p.state.codes[code] = { openid = user.openid, scope = query.scope or "snsapi_base", expires_at = p.now() + CODE_S }
  return consent.send_on(p, address, { { "code", code }, { "state", query.state or "" } })
end

local function grant(p, openid, scope)
  local token, refresh = p.random(100), p.random(100)
  p.state.web = p.state.web or {}
  p.state.web[token] = { openid = openid, scope = scope, expires_at = p.now() + limits.token_s }
  p.state.web[refresh] = { openid = openid, scope = scope, refresh = true, expires_at = p.now() + 30 * 86400 }
  return { access_token = token, expires_in = limits.token_s, refresh_token = refresh, openid = openid, scope = scope }
end

local function web_token(p, value, openid)
  local token = p.state.web and p.state.web[value or ""]
  if not token or token.refresh then return nil, 40001 end
  if token.expires_at <= p.now() then return nil, 42001 end
  if openid ~= token.openid then return nil, 40003 end
  return token
end

-- Exchanges a code from authorize; each code is valid once.
local function exchange(p, value)
  local code = p.state.codes and p.state.codes[value or ""]
  if not code then return nil, 40029 end
  if code.used then return nil, 40163 end
  if code.expires_at <= p.now() then return nil, 42003 end
  code.used = true
  return grant(p, code.openid, code.scope)
end

local function renew(p, value)
  local token = p.state.web and p.state.web[value or ""]
  if not token or not token.refresh then return nil, 40030 end
  if token.expires_at <= p.now() then return nil, 42002 end
  return grant(p, token.openid, token.scope)
end

-- Wraps a call made by a third-party platform on behalf of the account; any platform is accepted.
local function for_component(act, name)
  return function(p, call)
    if call.query.appid ~= p.account.appid then return nil, 40013 end
    if (call.query.component_access_token or "") == "" then return nil, 40001 end
    return act(p, call.query[name])
  end
end

-- Logs in to a mini program: every code belongs to the first user.
local function new_session(p, code, appid)
  if appid and appid ~= p.account.appid then return nil, 40013 end
  if (code or "") == "" then return nil, 40029 end
  return { openid = p.users()[1].openid, session_key = p.host.codec.base64_encode(p.random(16)) }
end

return {
  ["oauth.component_jscode2session"] = for_component(new_session, "js_code"),
  ["oauth.component_access_token"] = for_component(exchange, "code"),
  ["oauth.component_refresh_token"] = for_component(renew, "refresh_token"),
  ["oauth.authorize"] = authorize,
  ["oauth.qrconnect"] = authorize,

  ["oauth.access_token"] = function(p, call)
    local query = call.query
    if query.appid ~= p.account.appid then return nil, 40013 end
    if query.secret ~= p.account.appsecret then return nil, 40125 end
    return exchange(p, query.code)
  end,

  ["oauth.refresh_token"] = function(p, call) return renew(p, call.query.refresh_token) end,

  ["oauth.userinfo"] = function(p, call)
    local token, code = web_token(p, call.query.access_token, call.query.openid)
    if not token then return nil, code end
    if not token.scope:find("snsapi_userinfo", 1, true) then return nil, 48001 end
    local user = p.state.users[token.openid]
    return {
      openid = user.openid, nickname = user.nickname, sex = user.sex, province = user.province or "", city = user.city or "",
      country = user.country or "", headimgurl = "", privilege = p.host.json.array {},
    }
  end,

  ["oauth.auth_check"] = function(p, call)
    local token, code = web_token(p, call.query.access_token, call.query.openid)
    if not token then return nil, code end
    return { errcode = 0, errmsg = "ok" }
  end,

  ["oauth.jscode2session"] = function(p, call)
    if call.query.appid == p.account.appid and call.query.secret ~= p.account.appsecret then return nil, 40125 end
    return new_session(p, call.query.js_code, call.query.appid)
  end,
}
