-- wechat.log: lets the script write lines to wemoon's log.

---@class wechat.log each takes any values, joined by spaces, tables as JSON; file and line come first
---@field debug fun(...: any)
---@field info fun(...: any)
---@field warn fun(...: any)
---@field error fun(...: any)

---@param wechat table
---@param host table
return function(wechat, host)
  wechat.log = host.log
end
