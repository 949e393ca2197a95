local state <const> = { users = {} }
local Queue = setmetatable({}, { __call = function(cls, ...) local o = setmetatable({ first = 1, last = 0 }, cls) for _, v in ipairs { ... } do o:push(v) end return o end })
Queue.__index = Queue
Queue.__len = function(q) return q.last - q.first + 1 end
Queue.__close = function(q) q.closed = true end
function Queue:push(v) self.last = self.last + 1; self[self.last] = v; return self end
function Queue:pop() local v = self[self.first]; self[self.first] = nil; self.first = self.first + 1; return v end
function on_message(msg)
  local q <close> = Queue(msg, "b"):push("c"):push(msg.content)
  local head = q:pop()
  return head.content .. #q .. tostring(q.closed)
end
