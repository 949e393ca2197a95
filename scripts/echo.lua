-- The least a bot can do: a text comes back as it is. The benchmark measures this one.

function on_message(msg)
  if msg.type == "text" then return msg.content end
end
