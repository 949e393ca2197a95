-- Followers, tags, groups (an older name for tags) and the blacklist.

local limits = require "platform.limits"

local function follower(p, openid)
  local user = p.state.users[openid]
  if not user then return nil, 40003 end
  return user
end

local function index_of(list, value)
  for i, member in ipairs(list or {}) do
    if member == value then return i end
  end
end

local function tags_of(p, user)
  user.tagid_list = user.tagid_list or p.host.json.array {}
  return user.tagid_list
end

local function count_of(p, id)
  local count = 0
  for _, user in pairs(p.state.users) do
    local tags = user.tagid_list or {}
    if index_of(tags, id) or (id == 0 and #tags == 0 and user.subscribed) then count = count + 1 end
  end
  return count
end

local function list_tags(p)
  local list = {}
  for id, name in pairs(p.state.tags) do list[#list + 1] = { id = id, name = name, count = count_of(p, id) } end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function fault_of_name(p, name, except)
  if #name > limits.tag_name_bytes then return 45158 end
  for id, other in pairs(p.state.tags) do
    if other == name and id ~= except then return 45157 end
  end
end

local function add_tag(p, name)
  local code = fault_of_name(p, name)
  if code then return nil, code end
  if #list_tags(p) >= limits.tags then return nil, 45056 end
  local id = p.state.next_tag
  p.state.next_tag, p.state.tags[id] = id + 1, name
  return { id = id, name = name }
end

local function rename_tag(p, id, name)
  if not p.state.tags[id] then return nil, 45159 end
  if id <= 2 then return nil, 45058 end
  local code = fault_of_name(p, name, id)
  if code then return nil, code end
  p.state.tags[id] = name
  return {}
end

local function delete_tag(p, id)
  if not p.state.tags[id] then return nil, 45159 end
  if id <= 2 then return nil, 45058 end
  p.state.tags[id] = nil
  for _, user in pairs(p.state.users) do
    local at = index_of(user.tagid_list, id)
    if at then table.remove(user.tagid_list, at) end
  end
  return {}
end

-- Returns the followers with these openids; or nil, the errcode and the first openid that is not a follower.
local function followers(p, openids, most, code)
  if #openids > most then return nil, code end
  local users = {}
  for i, openid in ipairs(openids) do
    local user = p.state.users[openid]
    if not user then return nil, 40003, "invalid openid: " .. tostring(openid) end
    users[i] = user
  end
  return users
end

local function info(p, user, lang)
  if not user.subscribed then return { subscribe = 0, openid = user.openid } end
  return {
    subscribe = 1, openid = user.openid, language = lang or user.language, subscribe_time = user.subscribe_time,
    remark = user.remark or "", groupid = tags_of(p, user)[1] or 0, tagid_list = tags_of(p, user),
    subscribe_scene = user.subscribe_scene or "ADD_SCENE_SEARCH", qr_scene = math.tointeger(tonumber(user.qr_scene)) or 0,
    qr_scene_str = tonumber(user.qr_scene) and "" or user.qr_scene or "", nickname = "", headimgurl = "", sex = 0, city = "", province = "", country = "",
  }
end

-- Returns one page of openids, after the given one.
local function page(p, after, belongs)
  local all, from = {}, 1
  for _, user in ipairs(p.users()) do
    if belongs(user) then all[#all + 1] = user.openid end
  end
  local at = after and after ~= "" and index_of(all, after)
  if at then from = at + 1 end
  local part = p.host.json.array(table.move(all, from, math.min(#all, from + limits.user_page - 1), 1, {}))
  local answer = { total = #all, count = #part, next_openid = part[#part] or "" }
  if #part > 0 then answer.data = { openid = part } end
  return answer
end

local function move(p, users, id)
  if not p.state.tags[id] then return nil, 40050 end
  for _, user in ipairs(users) do user.tagid_list = p.host.json.array(id == 0 and {} or { id }) end
  return {}
end

local function group_answer(answer, code, words)
  if not answer then return nil, code, words end
  return answer
end

return {
  ["user.info"] = function(p, call)
    local user, code = follower(p, call.query.openid)
    if not user then return nil, code end
    return info(p, user, call.query.lang)
  end,

  ["user.batchget_info"] = function(p, call)
    if #call.body.user_list > limits.batch_info then return nil, 40003 end
    local list = {}
    for i, wanted in ipairs(call.body.user_list) do
      local user, code = follower(p, wanted.openid)
      if not user then return nil, code end
      list[i] = info(p, user, wanted.lang)
    end
    return { user_info_list = list }
  end,

  ["user.list"] = function(p, call) return page(p, call.query.next_openid, function(user) return user.subscribed end) end,

  ["user.update_remark"] = function(p, call)
    local user, code = follower(p, call.body.openid)
    if not user then return nil, code end
    if (utf8.len(call.body.remark) or 99) > limits.remark_characters then return nil, 40035 end
    user.remark = call.body.remark
    return {}
  end,

  ["user.get_blacklist"] = function(p, call) return page(p, call.body.begin_openid, function(user) return user.black end) end,

  -- Openids do not change when a simulated account is migrated.
  ["user.change_openid"] = function(p, call)
    if #call.body.openid_list > limits.changed_openids then return nil, 40032 end
    local list = p.host.json.array {}
    for i, openid in ipairs(call.body.openid_list) do
      local known = p.state.users[openid]
      list[i] = { ori_openid = openid, new_openid = known and openid or nil, err_msg = known and "ok" or "ori_openid error" }
    end
    return { errcode = 0, result_list = list }
  end,

  ["user.batch_blacklist"] = function(p, call)
    local users, code, words = followers(p, call.body.openid_list, limits.batch_blacklist, 40032)
    if not users then return nil, code, words end
    for _, user in ipairs(users) do user.black = true end
    return {}
  end,

  ["user.batch_unblacklist"] = function(p, call)
    local users, code, words = followers(p, call.body.openid_list, limits.batch_blacklist, 40032)
    if not users then return nil, code, words end
    for _, user in ipairs(users) do user.black = nil end
    return {}
  end,

  ["tag.create"] = function(p, call)
    local tag, code = add_tag(p, call.body.tag.name)
    return group_answer(tag and { tag = tag }, code)
  end,
  ["tag.list"] = function(p) return { tags = list_tags(p) } end,
  ["tag.update"] = function(p, call) return rename_tag(p, call.body.tag.id, call.body.tag.name) end,
  ["tag.delete"] = function(p, call) return delete_tag(p, call.body.tag.id) end,

  ["tag.list_users"] = function(p, call)
    if not p.state.tags[call.body.tagid] then return nil, 45159 end
    local answer = page(p, call.body.next_openid, function(user) return index_of(user.tagid_list, call.body.tagid) end)
    answer.total = nil
    return answer
  end,

  ["tag.batch_tagging"] = function(p, call)
    if not p.state.tags[call.body.tagid] then return nil, 45159 end
    local users, code, words = followers(p, call.body.openid_list, limits.batch_users, 40032)
    if not users then return nil, code, words end
    for _, user in ipairs(users) do
      local tags = tags_of(p, user)
      if not index_of(tags, call.body.tagid) then
        if #tags >= limits.tags_of_user then return nil, 45059 end
        tags[#tags + 1] = call.body.tagid
      end
    end
    return {}
  end,

  ["tag.batch_untagging"] = function(p, call)
    if not p.state.tags[call.body.tagid] then return nil, 45159 end
    local users, code, words = followers(p, call.body.openid_list, limits.batch_users, 40032)
    if not users then return nil, code, words end
    for _, user in ipairs(users) do
      local at = index_of(user.tagid_list, call.body.tagid)
      if at then table.remove(user.tagid_list, at) end
    end
    return {}
  end,

  ["tag.list_of_user"] = function(p, call)
    local user, code = follower(p, call.body.openid)
    if not user then return nil, code end
    return { tagid_list = tags_of(p, user) }
  end,

  ["group.create"] = function(p, call)
    local group, code = add_tag(p, call.body.group.name)
    return group_answer(group and { group = group }, code)
  end,
  ["group.list"] = function(p) return { groups = list_tags(p) } end,
  ["group.update"] = function(p, call) return rename_tag(p, call.body.group.id, call.body.group.name) end,
  ["group.delete"] = function(p, call) return delete_tag(p, call.body.group.id) end,

  ["group.get_of_user"] = function(p, call)
    local user, code = follower(p, call.body.openid)
    if not user then return nil, code end
    return { groupid = tags_of(p, user)[1] or 0 }
  end,

  ["group.move_user"] = function(p, call)
    local user, code = follower(p, call.body.openid)
    if not user then return nil, code end
    return move(p, { user }, call.body.to_groupid)
  end,

  ["group.move_users"] = function(p, call)
    local users, code, words = followers(p, call.body.openid_list, limits.batch_users, 40032)
    if not users then return nil, code, words end
    return move(p, users, call.body.to_groupid)
  end,
}
