wechat.route("POST", "/hook", function(request)
  if request.json_error then return { status = 400, body = request.json_error } end
  local data = request.json
  if type(data) ~= "table" then return { status = 415 } end
  wechat.spawn(function()
    for _, one in ipairs(data.users or {}) do wechat.send_text_message(one.openid, one.text) end
  end)
  return { json = { ok = true, ip = request.headers["x-real-ip"] or request.remote } }
end)
wechat.route("GET", "/list", function(r)
  local q = r.query
  local page = tonumber(q.page) or 1
  local list = wechat.store.list("user/", { after = q.after, limit = 20 })
  return { headers = { ["Content-Type"] = "text/plain" }, body = table.concat(list or {}, "\n") .. page .. r.method .. r.path }
end)
function on_message() return "" end
