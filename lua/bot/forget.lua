-- Calls wechat.forget for the console of `wemoon dev`, in the bot's interpreter (src/dev/user_state.c).

return {
  ---@param openid string
  forget = function(openid) assert(wechat.forget(openid)) end,
}
