-- monkey patches
local get = wechat.http.get
wechat.http.get = function(url, options)
  local answer, err = get(url, options)
  if answer then answer.json = function(self) return wechat.json.decode(self.body) end end
  return answer, err
end
function wechat.http.get_json(url) return wechat.http.get(url):json() end
string.trim = function(s) return s:match("^%s*(.-)%s*$") end
function table.find(t, v) for i, x in ipairs(t) do if x == v then return i end end end
function on_message(msg)
  local answer = wechat.http.get("http://a")
  return answer:json().x .. wechat.http.get_json("b").y .. msg.content:trim() .. string.trim(" a ") .. table.find({ 1 }, 1)
end
