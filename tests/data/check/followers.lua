function on_message(msg)
  local count, after = 0, nil
  repeat
    local page, err = wechat.user.list { next_openid = after }
    if not page then return err.hint end
    count = count + page.count
    local ids = page.data and page.data.openid or {}
    for i = 1, #ids do print(ids[i]) end
    after = page.next_openid ~= "" and page.next_openid or nil
  until not after
  local users = wechat.user.batchget_info { user_list = { { openid = msg.source, lang = "zh_CN" } } }
  for _, u in ipairs(users and users.user_info_list or {}) do print(u.nickname, u.remark) end
  return ("%d"):format(count)
end
