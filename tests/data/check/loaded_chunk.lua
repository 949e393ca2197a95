local env = setmetatable({}, { __index = _G })
local chunk = assert(load([[ greeting = "hi" return function(m) return greeting .. m.content end ]], "=x", "t", env))
local greet = chunk()
function on_message(msg) return greet(msg) .. env.greeting end
