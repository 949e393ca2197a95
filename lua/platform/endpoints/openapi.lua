-- Queries and resets the daily call counters.

local catalogue = require "wechat.catalogue"
local limits = require "platform.limits"

local function reset(p, appid)
  if appid ~= p.account.appid then return nil, 40013 end
  if p.state.resets >= limits.resets_a_month then return nil, 48006 end
  p.state.resets, p.state.counters = p.state.resets + 1, {}
  return {}
end

local function name_of(path)
  for _, group in ipairs(catalogue.groups) do
    local _, names = catalogue.group(group)
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      if endpoint.path == path then return endpoint.name end
    end
  end
end

return {
  ["openapi.clear_quota"] = function(p, call) return reset(p, call.body.appid) end,

  ["openapi.clear_quota_v2"] = function(p, call)
    if call.body.appsecret ~= p.account.appsecret then return nil, 40125 end
    return reset(p, call.body.appid)
  end,

  ["openapi.quota_get"] = function(p, call)
    local name = name_of(call.body.cgi_path)
    if not name then return nil, 76021 end
    local limit, used = limits.calls[name] or limits.calls_of_others, p.state.counters[name] or 0
    return { errcode = 0, quota = { daily_limit = limit, used = used, remain = math.max(0, limit - used) } }
  end,

  ["openapi.quota_clear"] = function(p, call)
    local name = name_of(call.body.cgi_path)
    if not name then return nil, 76021 end
    p.state.counters[name] = nil
    return {}
  end,

  ["openapi.rid_get"] = function() return nil, 76001 end,
}
