-- Each message waits, and is answered then: what crowds of them take of memory is measured (waiting.js).
function on_message(msg)
  wechat.sleep(20)
  return msg.content
end
