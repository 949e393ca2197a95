-- The text of `wemoon explain CODE`: the name of an error code, its meaning, what to do.

local errcodes = require "wechat.errcodes"

--- The text to print; nil and a sentence if the code is unknown.
---@param digits string an integer, as typed
---@return string?
---@return string? fault
return function(digits)
  local code = math.tointeger(tonumber(digits))
  local known = code and errcodes.find(code)
  if not known then
    local fault = "%s is not a code that is known here: look it up in the platform's documents (返回码说明)"
    return nil, fault:format(digits)
  end
  local lines = {
    ("%d %s"):format(code, known.symbol),
    "  " .. known.meaning,
    "  " .. known.meaning_zh,
    "What to do: " .. known.action,
    "怎么处理：" .. known.action_zh,
  }
  if known.retryable then
    lines[#lines + 1] = "The same call may succeed later. 稍后同样的请求可能成功。"
  end
  return table.concat(lines, "\n")
end
