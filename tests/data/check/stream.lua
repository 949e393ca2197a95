-- streaming
function on_message(msg)
  local r <close>, err = wechat.http.stream { method = "POST", url = "https://example.com/", json = { q = msg.content }, idle_timeout = 10 }
  if not r then return tostring(err) end
  if r.status ~= 200 then return r:read(100) end
  local parts = {}
  for event in r:events() do
    if event.data == "[DONE]" then break end
    local value = wechat.json.decode(event.data)
    local choice = value and value.choices and value.choices[1]
    if choice and choice.delta then wechat.say(choice.delta.content) end
    parts[#parts + 1] = event.id .. event.event
  end
  if r.err then return r.err.errmsg end
  for line in r:lines() do parts[#parts + 1] = line:upper() end
  return table.concat(parts)
end
