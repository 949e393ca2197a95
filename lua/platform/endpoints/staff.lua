-- Customer service staff and their sessions with users.

local limits = require "platform.limits"

local function find(p, account)
  for i, one in ipairs(p.state.staff) do
    if one.kf_account == account then return one, i end
  end
end

local function push_session(p, name, openid, account)
  p.push(openid, { { "MsgType", "event" }, { "Event", name }, { "KfAccount", account } })
end

return {
  ["kf.list"] = function(p)
    local list = p.host.json.array {}
    for i, one in ipairs(p.state.staff) do
      list[i] = { kf_account = one.kf_account, kf_nick = one.kf_nick, kf_id = one.kf_id, kf_headimgurl = one.kf_headimgurl or "", kf_wx = one.kf_wx }
    end
    return { kf_list = list }
  end,

  ["kf.list_online"] = function(p)
    local list = p.host.json.array {}
    for i, one in ipairs(p.state.staff) do list[i] = { kf_account = one.kf_account, status = 1, kf_id = one.kf_id, accepted_case = 0 } end
    return { kf_online_list = list }
  end,

  ["kf.account_add"] = function(p, call)
    local account, nick = call.body.kf_account, call.body.nickname
    if not account:find("^[%w_]+@.+$") then return nil, 65403 end
    if find(p, account) then return nil, 65406 end
    if #p.state.staff >= limits.staff then return nil, 65405 end
    if (utf8.len(nick) or 99) > limits.staff_nick then return nil, 65402 end
    table.insert(p.state.staff, { kf_account = account, kf_nick = nick, kf_id = tostring(1000 + #p.state.staff + 1) })
    return {}
  end,

  ["kf.account_update"] = function(p, call)
    local one = find(p, call.body.kf_account)
    if not one then return nil, 65401 end
    one.kf_nick = call.body.nickname
    return {}
  end,

  ["kf.account_delete"] = function(p, call)
    local _, at = find(p, call.body.kf_account)
    if not at then return nil, 65401 end
    table.remove(p.state.staff, at)
    return {}
  end,

  ["kf.account_inviteworker"] = function(p, call)
    local one = find(p, call.body.kf_account)
    if not one then return nil, 65401 end
    one.kf_wx = call.body.invite_wx
    return {}
  end,

  ["kf.account_uploadheadimg"] = function(p, call)
    local one = find(p, call.query.kf_account)
    if not one then return nil, 65401 end
    local id = p.keep_media { kind = "image", body = call.files.media.body, content_type = "image/jpeg" }
    one.kf_headimgurl = p.media_url(id)
    return {}
  end,

  ["kf.session_create"] = function(p, call)
    local body = call.body
    if not find(p, body.kf_account) then return nil, 65401 end
    if not p.state.users[body.openid] then return nil, 40003 end
    if p.state.sessions[body.openid] then return nil, 65414 end
    p.state.sessions[body.openid] = { kf_account = body.kf_account, createtime = p.now() }
    push_session(p, "kf_create_session", body.openid, body.kf_account)
    return {}
  end,

  ["kf.session_close"] = function(p, call)
    local session = p.state.sessions[call.body.openid]
    if not session or session.kf_account ~= call.body.kf_account then return nil, 65413 end
    p.state.sessions[call.body.openid] = nil
    push_session(p, "kf_close_session", call.body.openid, call.body.kf_account)
    return {}
  end,

  ["kf.session_get"] = function(p, call)
    local session = p.state.sessions[call.query.openid] or { kf_account = "", createtime = 0 }
    return { kf_account = session.kf_account, createtime = session.createtime }
  end,

  ["kf.session_list"] = function(p, call)
    local list = p.host.json.array {}
    for openid, session in pairs(p.state.sessions) do
      if session.kf_account == call.query.kf_account then list[#list + 1] = { openid = openid, createtime = session.createtime } end
    end
    return { sessionlist = list }
  end,

  -- Simulated staff have no openids, so none can become administrator.
  ["kf.account_setadmin"] = function() return nil, 65401 end,
  ["kf.account_canceladmin"] = function() return nil, 65401 end,

  -- Customer service of mini programs: the bound WeCom company, and sub-merchants.
  ["kf.work_get"] = function(p) return p.state.work or { entityName = "", corpid = "", bindTime = 0 } end,
  ["kf.work_bind"] = function(p, call)
    p.state.work = { entityName = call.body.corpid, corpid = call.body.corpid, bindTime = p.now() }
    return {}
  end,
  ["kf.work_unbind"] = function(p, call)
    if not p.state.work or p.state.work.corpid ~= call.body.corpid then return nil, 40173 end
    p.state.work = nil
    return {}
  end,

  ["kf.business_register"] = function(p, call)
    local id = p.state.next_business
    p.state.next_business = id + 1
    p.state.businesses[id] = { business_id = id, account_name = call.body.account_name, nickname = call.body.nickname,
      icon_url = p.media_url(call.body.icon_media_id) }
    return { business_id = id }
  end,

  ["kf.business_update"] = function(p, call)
    local one = p.state.businesses[call.body.business_id]
    if not one then return nil, 40139 end
    one.nickname = call.body.nickname or one.nickname
    one.icon_url = call.body.icon_media_id and p.media_url(call.body.icon_media_id) or one.icon_url
    return {}
  end,

  ["kf.business_get"] = function(p, call)
    for id, one in pairs(p.state.businesses) do
      if id == call.body.business_id or one.account_name == call.body.account_name then return { business_info = one } end
    end
    return nil, 40139
  end,

  ["kf.business_list"] = function(p, call)
    local list = p.host.json.array {}
    for id = call.body.offset + 1, math.min(p.state.next_business - 1, call.body.offset + call.body.count) do
      list[#list + 1] = p.state.businesses[id]
    end
    return { list = list }
  end,

  ["kf.session_waitcase"] = function(p) return { count = 0, waitcaselist = p.host.json.array {} } end,
  ["kf.msgrecord_list"] = function(p) return { recordlist = p.host.json.array {}, number = 0, msgid = 1 } end,
}
