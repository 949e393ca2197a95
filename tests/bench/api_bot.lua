-- A bot all of whose answers wait a second: for a call of the platform, or, to "sleep", for nothing.
function on_message(msg)
  if msg.content == "sleep" then
    wechat.sleep(1)
    return "done"
  end
  local menu, err = wechat.menu.get()
  return menu and "done" or tostring(err)
end
