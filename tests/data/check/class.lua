-- metatables: a class for handlers, msg under another name
local Handler = {}
Handler.__index = Handler
function Handler.new(name) return setmetatable({ name = name, count = 0 }, Handler) end
function Handler:answer(message)
  self.count = self.count + 1
  return ("%s %d: %s"):format(self.name, self.count, message.content or "")
end
local handlers = { text = Handler.new("t"), image = Handler.new("i") }
function on_message(msg)
  local handler = handlers[msg.type]
  return handler and handler:answer(msg) or nil
end
