-- Rules that make a scene QR code open a mini program (扫普通链接二维码打开小程序).

local NOT_PUBLISHED, PUBLISHED = 1, 2
local PUBLICATIONS = 100 -- per month

local function published(p)
  local count = 0
  for _, rule in pairs(p.state.jumps) do
    if rule.state == PUBLISHED then count = count + 1 end
  end
  return count
end

return {
  ["qrcode.jump_add"] = function(p, call)
    local body = call.body
    local rule = p.state.jumps[body.prefix]
    if not body.prefix:find("^https?://weixin%.qq%.com/q/") then return nil, 85066 end
    if body.is_edit ~= 1 and rule then return nil, 85071 end
    if body.is_edit == 1 and (not rule or rule.state == PUBLISHED) then return nil, 40097 end
    p.state.jumps[body.prefix] = {
      prefix = body.prefix, appid = body.appid, path = body.path, state = NOT_PUBLISHED, open_version = body.open_version or 3,
      debug_url = p.host.json.array(body.debug_url or {}), permit_sub_rule = body.permit_sub_rule or 1,
    }
    return {}
  end,

  ["qrcode.jump_get"] = function(p, call)
    local rules, wanted = p.host.json.array {}, nil
    for _, prefix in ipairs(call.body.get_type == 1 and call.body.prefix_list or {}) do
      wanted = wanted or {}
      wanted[prefix] = true
    end
    for prefix, rule in pairs(p.state.jumps) do
      if not wanted or wanted[prefix] then rules[#rules + 1] = rule end
    end
    table.sort(rules, function(a, b) return a.prefix < b.prefix end)
    return { qrcodejump_open = 1, qrcodejump_pub_quota = PUBLICATIONS - published(p), list_size = #rules, rule_list = rules }
  end,

  ["qrcode.jump_publish"] = function(p, call)
    local rule = p.state.jumps[call.body.prefix]
    if not rule then return nil, 85066 end
    rule.state = PUBLISHED
    return {}
  end,

  ["qrcode.jump_delete"] = function(p, call)
    if not p.state.jumps[call.body.prefix] then return nil, 85066 end
    p.state.jumps[call.body.prefix] = nil
    return {}
  end,
}
