local cache = setmetatable({}, { __mode = "v" })
local function user_of(openid)
  local user = cache[openid]
  if not user then
    local err
    user, err = wechat.get_user_info(openid)
    if not user then return nil, err end
    user.fetched = os.time()
    cache[openid] = user
  end
  return user
end
function on_message(msg)
  local user, err = user_of(msg.source)
  if not user then return tostring(err) end
  return ("%s %s %d"):format(user.nickname, user.city or "?", user.fetched)
end
