-- The handler of nginx_handler.lua, which waits first, as waits_bot.lua does.
local handle = require "nginx_handler"

return function()
  ngx.req.read_body()
  ngx.sleep(20)
  handle()
end
