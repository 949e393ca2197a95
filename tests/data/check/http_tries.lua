local http, json <const>, store = wechat.http, wechat.json, wechat.store
local function fetch(url, tries)
  for try = 1, tries do
    local res, err = http.get(url)
    if res and res.status < 500 then return res end
    if err and not err.retryable then return nil, err end
    wechat.sleep(2 ^ try)
  end
  return nil, { errmsg = "gave up", code = 7 }
end
function on_message(msg)
  local res, why = fetch("http://a", 3)
  if not res then return why.code .. why.errmsg end
  local data, fault = json.decode(res.body)
  if not data then return fault end
  store.set("last", data, 60)
  return data.title or store.get("last").title
end
