local ok, extra = pcall(require, "not_there")
function on_message(msg)
  if ok then return extra.answer(msg.content) end
  local co = coroutine.wrap(function(...) local a = ... while true do a = coroutine.yield(a and a.content) end end)
  return co(msg)
end
