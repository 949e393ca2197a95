-- Messages from the account: customer service, templates, notices, broadcasts.

local limits = require "platform.limits"
local consent = require "platform.consent"
local misread = require "wechat.misread"

-- ---- customer service

-- Returns the user if the account may send the user messages now; otherwise nil and the errcode.
local function listener(p, openid)
  local user = p.state.users[openid]
  if not user then return nil, 40003 end
  if not user.subscribed then return nil, 43004 end
  local quota = p.custom_quota(user)
  if not quota.since or p.now() > quota.ends then return nil, 45015 end
  if quota.left == 0 then return nil, 45047 end
  return user
end

local function media(name)
  return function(p, message)
    local id = message[name] and message[name].media_id
    local file = id and p.media(id)
    if not file then return nil, 40007 end
    return { kind = name, media_id = id, url = p.media_url(id), title = message[name].title, description = message[name].description }
  end
end

local forms = { image = media("image"), voice = media("voice"), video = media("video") }

function forms.text(_, message)
  if #message.text.content > limits.custom_text_bytes then return nil, 45002 end
  return { kind = "text", content = message.text.content }
end

function forms.music(_, message)
  local music = message.music
  return { kind = "music", title = music.title, description = music.description, url = music.musicurl, hq_url = music.hqmusicurl, thumb_media_id = music.thumb_media_id }
end

function forms.news(p, message)
  if #message.news.articles > 1 then return nil, 45008 end
  return { kind = "news", articles = p.host.json.array(message.news.articles) }
end

local function article(p, list)
  local articles = p.host.json.array {}
  for i, one in ipairs(list) do articles[i] = { title = one.title, description = one.digest, picurl = one.thumb_url, url = one.url } end
  return { kind = "news", articles = articles }
end

function forms.mpnews(p, message)
  for _, draft in ipairs(p.state.drafts) do
    if draft.media_id == message.mpnews.media_id then return article(p, draft.articles) end
  end
  return nil, 40007
end

function forms.mpnewsarticle(p, message)
  for _, published in ipairs(p.state.published) do
    if published.article_id == message.mpnewsarticle.article_id then return article(p, published.articles) end
  end
  return nil, 53600
end

function forms.msgmenu(_, message)
  local menu = message.msgmenu
  return { kind = "msgmenu", head = menu.head_content, list = menu.list, tail = menu.tail_content }
end

function forms.miniprogrampage(p, message)
  local page = message.miniprogrampage
  return { kind = "miniprogram", title = page.title, appid = page.appid, pagepath = page.pagepath, thumb_url = p.media_url(page.thumb_media_id) }
end

function forms.link(_, message)
  return { kind = "link", title = message.link.title, description = message.link.description, url = message.link.url }
end

function forms.wxcard(_, message) return { kind = "text", content = "[卡券] " .. message.wxcard.card_id } end

local endpoints = {}

local function send_custom(p, call)
  local entry, code = forms[call.body.msgtype](p, call.body)
  if not entry then return nil, code end
  local user
  user, code = listener(p, call.body.touser)
  if not user then return nil, code end
  p.count_custom(user)
  entry.from, entry.via = "account", "custom"
  p.chat(user.openid, entry)
  return {}
end

for name in pairs(forms) do endpoints["message.custom.send_" .. name] = send_custom end

-- Sends in the name of a sub-merchant created by kf.business_register.
endpoints["message.custom.business_send"] = function(p, call)
  if not p.state.businesses[call.body.businessid] then return nil, 40139 end
  if not forms[call.body.msgtype] or type(call.body[call.body.msgtype]) ~= "table" then return nil, 40008 end
  return send_custom(p, call)
end

local function show_typing(p, call)
  local user, code = listener(p, call.body.touser)
  if not user then return nil, code end
  if p.now() - user.last_act_time > limits.typing_s then return nil, 45080 end
  local on = call.body.command == "Typing"
  if not on and call.body.command ~= "CancelTyping" then return nil, 45072 end
  if on and (user.typing_until or 0) > p.now() then return nil, 45081 end
  user.typing_until = on and p.now() + 15 or 0
  p.chat(user.openid, { from = "account", via = "custom", kind = "typing", on = on })
  return {}
end

endpoints["message.custom.typing"] = show_typing

endpoints["message.custom.business_typing"] = function(p, call)
  if not p.state.businesses[call.body.businessid] then return nil, 40139 end
  return show_typing(p, call)
end

-- ---- templates

local industries = { first_class = "IT科技", second_class = "互联网|电子商务" }

endpoints["message.template.set_industry"] = function(p, call)
  if p.state.industry and p.now() - p.state.industry.set_at < 30 * 86400 then return nil, 43100 end
  p.state.industry = { tostring(call.body.industry_id1), tostring(call.body.industry_id2), set_at = p.now() }
  return {}
end

endpoints["message.template.get_industry"] = function(p)
  if not p.state.industry then return nil, 40102 end
  return { primary_industry = industries, secondary_industry = industries }
end

endpoints["message.template.add_template"] = function(p, call)
  if #p.state.templates >= limits.templates then return nil, 45026 end
  local id = p.random(43)
  table.insert(p.state.templates, {
    template_id = id, short = call.body.template_id_short, title = "模板 " .. call.body.template_id_short,
    primary_industry = industries.first_class, deputy_industry = industries.second_class,
    content = "{{first.DATA}}\n{{keyword1.DATA}}\n{{keyword2.DATA}}\n{{remark.DATA}}", example = "",
  })
  return { errcode = 0, template_id = id }
end

endpoints["message.template.list"] = function(p)
  local list = p.host.json.array {}
  for i, t in ipairs(p.state.templates) do
    list[i] = { template_id = t.template_id, title = t.title, primary_industry = t.primary_industry, deputy_industry = t.deputy_industry, content = t.content, example = t.example }
  end
  return { template_list = list }
end

local function template(p, id)
  for i, one in ipairs(p.state.templates) do
    if one.template_id == id then return one, i end
  end
end

endpoints["message.template.delete"] = function(p, call)
  local found, at = template(p, call.body.template_id)
  if not found then return nil, 40037 end
  table.remove(p.state.templates, at)
  p.state.removed_templates[found.template_id] = true
  return {}
end

local function fields_of(p, data)
  local fields = p.host.json.array {}
  for i, name in ipairs(misread.names(data)) do
    local value = type(data[name]) == "table" and data[name] or { value = data[name] }
    fields[i] = { name = name, value = tostring(value.value or ""), color = value.color }
  end
  return fields
end

-- Whether a template exists. An id that the account did not add itself counts as added on the website, unless it was
-- removed.
local function is_template(p, id)
  if template(p, id) then return true end
  return #id == 43 and not p.state.removed_templates[id]
end

endpoints["message.template.send"] = function(p, call)
  local body = call.body
  local user = p.state.users[body.touser]
  if not user then return nil, 40003 end
  if not user.subscribed then return nil, 43004 end
  if not is_template(p, body.template_id) then return nil, 40037 end
  local found, id = template(p, body.template_id), p.next_id()
  p.chat(user.openid, { from = "account", via = "template", kind = "template", title = found and found.title or "模板消息", fields = fields_of(p, body.data), url = body.url, template_id = body.template_id })
  p.push(user.openid, { { "MsgType", "event" }, { "Event", "TEMPLATESENDJOBFINISH" }, { "MsgID", id }, { "Status", "success" } })
  return { errcode = 0, msgid = id }
end

-- The simulated platform blocks no messages.
endpoints["message.template.query_block"] = function(p, call)
  if (call.body.limit or 1) > limits.blocked then return nil, 40097 end
  return { errcode = 0, msginfo = p.host.json.array {} }
end

-- The simulated website has no rules for automatic replies.
endpoints["message.autoreply.get_current_autoreply_info"] = function(p)
  return { is_add_friend_reply_open = 0, is_autoreply_open = 0, keyword_autoreply_info = { list = p.host.json.array {} } }
end

-- ---- notices

local function send_notice(p, call)
  local body = call.body
  local user = p.state.users[body.touser]
  if not user then return nil, 40003 end
  if p.state.removed_templates[body.template_id] then return nil, 40037 end
  p.chat(user.openid, { from = "account", via = "subscribe", kind = "template", title = body.title or "订阅通知", fields = fields_of(p, body.data), url = body.url or body.page, template_id = body.template_id })
  return {}
end

endpoints["message.subscribe.send_once"] = send_notice

endpoints["message.subscribe.bizsend"] = function(p, call)
  local done, code = send_notice(p, call)
  if not done then return nil, code end
  p.push(call.body.touser, {
    { "MsgType", "event" }, { "Event", "subscribe_msg_sent_event" },
    { "SubscribeMsgSentEvent", { { "List", {
      { "TemplateId", call.body.template_id }, { "MsgID", p.next_id() }, { "ErrorCode", 0 }, { "ErrorStatus", "success" },
    } } } },
  })
  return done
end

endpoints["message.subscribe.add_template"] = function(p, call)
  local id = p.random(43)
  table.insert(p.state.subscribe_templates, { priTmplId = id, title = "订阅 " .. call.body.tid, content = "", example = "", type = 2 })
  return { errcode = 0, priTmplId = id }
end

endpoints["message.subscribe.list_templates"] = function(p) return { errcode = 0, data = p.host.json.array(p.state.subscribe_templates) } end

-- The public templates of one category and their keywords.
local trade = { id = 612, name = "文化传媒" }
local public = {
  { tid = 307, title = "活动开始提醒", keywords = { { "活动名称", "春日读书会", "thing" }, { "开始时间", "2019年10月1日 15:01", "time" }, { "活动地点", "文化馆", "thing" } } },
  { tid = 1128, title = "预约结果通知", keywords = { { "预约项目", "场地预约", "thing" }, { "预约状态", "成功", "phrase" } } },
}

endpoints["message.subscribe.get_category"] = function(p) return { errcode = 0, data = p.host.json.array { trade } } end

endpoints["message.subscribe.get_pub_template_titles"] = function(p, call)
  local start, limit, wanted = tonumber(call.query.start) or 0, tonumber(call.query.limit) or 0, false
  if limit < 1 or limit > limits.titles then return nil, 40097 end
  for id in tostring(call.query.ids):gmatch("%d+") do wanted = wanted or tonumber(id) == trade.id end
  local data = p.host.json.array {}
  for i = start + 1, wanted and math.min(#public, start + limit) or 0 do
    data[#data + 1] = { tid = public[i].tid, title = public[i].title, type = 2, categoryId = tostring(trade.id) }
  end
  return { errcode = 0, count = wanted and #public or 0, data = data }
end

endpoints["message.subscribe.get_pub_template_keywords"] = function(p, call)
  for _, one in ipairs(public) do
    if one.tid == tonumber(call.query.tid) then
      local data = p.host.json.array {}
      for i, word in ipairs(one.keywords) do data[i] = { kid = i, name = word[1], example = word[2], rule = word[3] } end
      return { errcode = 0, count = #data, data = data }
    end
  end
  return nil, 40037
end

-- The page on which a user permits one notice; the simulated user agrees at once.
endpoints["message.subscribe.authorize_url"] = function(p, call)
  local query = call.query
  local scene = math.tointeger(tonumber(query.scene))
  if query.appid ~= p.account.appid then return nil, 40013 end
  if not scene or scene < 0 or scene > limits.subscribe_scene then return nil, 40035 end
  if #(query.reserved or "") > limits.subscribe_reserved_bytes then return nil, 40035 end
  if not (query.redirect_url or ""):find("^https?://") then return nil, 10003 end
  return consent.send_on(p, query.redirect_url, {
    { "openid", consent.visitor(p, query).openid }, { "template_id", query.template_id or "" }, { "action", "confirm" },
    { "scene", scene }, { "reserved", query.reserved or "" },
  })
end

endpoints["message.subscribe.delete_template"] = function(p, call)
  for i, one in ipairs(p.state.subscribe_templates) do
    if one.priTmplId == call.body.priTmplId then
      table.remove(p.state.subscribe_templates, i)
      p.state.removed_templates[one.priTmplId] = true
      return {}
    end
  end
  return nil, 40037
end

-- ---- broadcasts

local function mass_entry(p, body)
  if body.msgtype == "mpvideo" then
    local id = body.mpvideo and body.mpvideo.media_id
    if not id or not p.media(id) then return nil, 40007 end
    return { kind = "video", media_id = id, url = p.media_url(id) }
  end
  if body.msgtype == "image" and body.images then
    local id = body.images.media_ids and body.images.media_ids[1]
    if not id or not p.media(id) then return nil, 40007 end
    return { kind = "image", media_id = id, url = p.media_url(id) }
  end
  local make = forms[body.msgtype]
  if not make or type(body[body.msgtype]) ~= "table" then return nil, 40008 end
  return make(p, body)
end

local function finish_mass(p, id, count, sent)
  local first = p.users()[1]
  p.push(first.openid, {
    { "MsgType", "event" }, { "Event", "MASSSENDJOBFINISH" }, { "MsgID", id }, { "Status", "send success" },
    { "TotalCount", count }, { "FilterCount", count }, { "SentCount", sent }, { "ErrorCount", count - sent },
  })
end

local function broadcast(p, body, users)
  if body.clientmsgid and p.state.mass[body.clientmsgid] then return nil, 45065 end
  local sent = 0
  for _, user in ipairs(users) do
    local entry, code = mass_entry(p, body)
    if not entry then return nil, code end
    if user.subscribed then
      entry.from, entry.via = "account", "mass"
      p.chat(user.openid, entry)
      sent = sent + 1
    end
  end
  local id = p.next_id()
  if body.clientmsgid then p.state.mass[body.clientmsgid] = id end
  p.state.mass[id] = { status = "SEND_SUCCESS" }
  finish_mass(p, id, #users, sent)
  return { errcode = 0, errmsg = "send job submission success", msg_id = id, msg_data_id = id }
end

endpoints["message.mass.sendall"] = function(p, call)
  local users, filter = {}, call.body.filter
  local wanted = math.tointeger(tonumber(filter.tag_id or filter.group_id))
  if not filter.is_to_all and not p.state.tags[wanted or -1] then return nil, 45159 end
  for _, user in ipairs(p.users()) do
    local chosen = filter.is_to_all
    for _, tag in ipairs(user.tagid_list or {}) do chosen = chosen or tag == wanted end
    if chosen and user.subscribed then users[#users + 1] = user end
  end
  return broadcast(p, call.body, users)
end

endpoints["message.mass.send"] = function(p, call)
  local users = {}
  if #call.body.touser < 2 then return nil, 40130 end
  for i, openid in ipairs(call.body.touser) do
    users[i] = p.state.users[openid]
    if not users[i] then return nil, 40003 end
  end
  return broadcast(p, call.body, users)
end

endpoints["message.mass.preview"] = function(p, call)
  local user = p.state.users[call.body.touser or ""]
  if not user then
    for _, one in ipairs(p.users()) do
      if one.nickname == call.body.towxname then user = one end
    end
  end
  if not user then return nil, 40003 end
  local entry, code = mass_entry(p, call.body)
  if not entry then return nil, code end
  entry.from, entry.via = "account", "preview"
  p.chat(user.openid, entry)
  return { errcode = 0, errmsg = "preview success" }
end

endpoints["message.mass.get"] = function(p, call)
  local mass = p.state.mass[math.tointeger(tonumber(call.body.msg_id))]
  if not mass then return nil, 40059 end
  return { msg_id = math.tointeger(tonumber(call.body.msg_id)), msg_status = mass.status }
end

endpoints["message.mass.delete"] = function(p, call)
  local mass = p.state.mass[call.body.msg_id]
  if not mass then return nil, 40059 end
  mass.status = "DELETE"
  return {}
end

endpoints["message.mass.speed_get"] = function(p) return { speed = p.state.speed, realspeed = ({ [0] = 80, 60, 45, 30, 10 })[p.state.speed] } end

endpoints["message.mass.speed_set"] = function(p, call)
  if call.body.speed < 0 or call.body.speed > 4 then return nil, 45083 end
  p.state.speed = call.body.speed
  return {}
end

return endpoints
