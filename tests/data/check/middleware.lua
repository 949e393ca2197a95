-- middleware
local chain = {}
local function use(fn) chain[#chain + 1] = fn end
use(function(ctx, next) ctx.started = os.clock() return next() end)
use(function(ctx, next)
  ctx.session = wechat.session()
  ctx.session.visits = (ctx.session.visits or 0) + 1
  return next()
end)
use(function(ctx) return ctx.msg.content .. ctx.session.visits .. ctx.started end)
function on_message(msg)
  local ctx, i = { msg = msg }, 0
  local function next()
    i = i + 1
    return chain[i] and chain[i](ctx, next)
  end
  return next()
end
