-- Tokens, tickets, and the platform's server addresses.

local limits = require "platform.limits"

-- Returns the errcode for an invalid appid or secret; nil if both are valid.
local function fault_of_account(p, appid, secret)
  if not appid or appid == "" then return 41002 end
  if not secret or secret == "" then return 41004 end
  if appid ~= p.account.appid then return 40013 end
  if secret ~= p.account.appsecret then return 40125 end
end

local function ticket(p, kind)
  local kept = p.state.tickets[kind]
  if not kept or kept.expires_at <= p.now() then
    kept = { ticket = p.random(86), expires_at = p.now() + limits.token_s }
    p.state.tickets[kind] = kept
  end
  return { errcode = 0, errmsg = "ok", ticket = kept.ticket, expires_in = kept.expires_at - p.now() }
end

return {
  ["token.get_access_token"] = function(p, call)
    local code = fault_of_account(p, call.query.appid, call.query.secret)
    if code then return nil, code end
    if call.query.grant_type ~= "client_credential" then return nil, 40002 end
    return { access_token = p.issue_token("classic"), expires_in = limits.token_s }
  end,

  ["token.get_stable_access_token"] = function(p, call)
    local code = fault_of_account(p, call.body.appid, call.body.secret)
    if code then return nil, code end
    local token, left = p.present_token("stable")
    if call.body.force_refresh == true then
      if p.now() - (p.state.forced_at or 0) < 30 and token then return { access_token = token, expires_in = left } end
      p.state.forced_at, token = p.now(), nil
    end
    if not token then token, left = p.issue_token("stable", call.body.force_refresh == true), limits.token_s end
    return { access_token = token, expires_in = left }
  end,

  ["token.getticket_jsapi"] = function(p) return ticket(p, "jsapi") end,
  ["token.getticket_wx_card"] = function(p) return ticket(p, "wx_card") end,

  ["basic.get_callback_ip"] = function() return { ip_list = { "127.0.0.1" } } end,
  ["basic.get_api_domain_ip"] = function() return { ip_list = { "127.0.0.1" } } end,

  ["basic.callback_check"] = function(_, call)
    if not ({ dns = true, ping = true, all = true })[call.body.action] then return nil, 40202 end
    if not ({ CHINANET = true, UNICOM = true, CAP = true, DEFAULT = true })[call.body.check_operator] then return nil, 40203 end
    local answer = {}
    if call.body.action ~= "ping" then answer.dns = { { ip = "127.0.0.1", real_operator = "DEFAULT" } } end
    if call.body.action ~= "dns" then
      answer.ping = { { ip = "127.0.0.1", from_operator = "DEFAULT", package_loss = "0%", time = "0.05ms" } }
    end
    return answer
  end,
}
