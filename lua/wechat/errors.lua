-- The error that a failed call returns after nil.

---@class ApiError tostring(err) says it in one line
---@field kind "api"|"network"|"timeout"|"http"|"json"|"unknown"|"cancelled"
---@field method string the name after `wechat.`
---@field errmsg string
---@field errcode? integer the platform's, where it answered with one
---@field status? integer HTTP status, for kind "http"
---@field rid? string the platform's number of the request
---@field hint string what to do
---@field retryable boolean whether the same call may succeed later
---@field faults? MenuFault[] of wechat.menu.push: all that is wrong with the menu

local errors = {}

local hints = {
  network = "the platform could not be reached: look at the network, proxy and ca_file; try again later",
  timeout = "no answer in time: it may have happened anyway; the same call may succeed later",
  http = "something between here and the platform, or api_base, is not what it should be",
  json = "something between here and the platform changed its answer, or api_base is not the platform",
  unknown = "it may have happened: check before you make the same call again",
  cancelled = "nothing waited for its result any more: the script had ended, or the program was ending",
}
local crowded = "the platform's answers are too much at once: ask for less, or make fewer calls at a time"
local passes = { network = true, timeout = true }

local function one_line(err)
  local number = err.errcode and err.errcode .. " " or ""
  local rid = err.rid and not err.errmsg:find(err.rid, 1, true) and ", rid " .. err.rid or ""
  local text = ("wechat.%s: %s%s%s (%s)"):format(err.method, number, err.errmsg, rid, err.hint)
  return (text:gsub("%s*[\r\n]+%s*", " "))
end

local meta = { __name = "ApiError", __tostring = one_line }

-- A secret as it may be shown: "wx12…(32)".
local function mask(secret) return ("%s…(%d)"):format(#secret >= 12 and secret:sub(1, 4) or "", #secret) end

-- Names after which the platform quotes secrets.
local named = { "access_token", "refresh_token", "appsecret", "secret", "ticket" }

-- Masks the secrets in a text of the platform. An appsecret of under 8 bytes, which may be an ordinary word, stays.
local function without_secrets(text, secret)
  if secret and #secret >= 8 then
    text = text:gsub(secret:gsub("%p", "%%%0"), (mask(secret):gsub("%%", "%%%%")))
  end
  for _, name in ipairs(named) do
    text = text:gsub("(%f[%w]" .. name .. "%f[%W][\"']?%s*[=:%s]%s*[\"'%[]?)([%w_%-]+)", function(head, value)
      if #value >= 16 then return head .. mask(value) end
    end)
  end
  return text
end

--- Turns C's description of a failure into the error for scripts. Masks secrets in errmsg.
---@param failure table kind, errcode, errmsg, rid, status, retryable
---@param method string
---@param secret string? the account's appsecret
---@return ApiError
function errors.new(failure, method, secret)
  failure.method, failure.errmsg = method, without_secrets(failure.errmsg or "", secret)
  if failure.kind == "api" then
    local errcodes = require "wechat.errcodes"  -- here: most scripts never need it
    failure.hint, failure.retryable = errcodes.hint(failure.errcode), errcodes.retryable(failure.errcode)
  else
    local by_room = failure.kind == "http" or failure.kind == "timeout"
    local is_crowded = by_room and failure.errmsg:find("held at once", 1, true)
    failure.hint = is_crowded and crowded or hints[failure.kind]
    failure.retryable = passes[failure.kind] or (failure.status or 0) >= 500
  end
  return setmetatable(failure, meta)
end

return errors
