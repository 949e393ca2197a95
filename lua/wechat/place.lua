-- The line of the script that is running, for messages of the library.

local getinfo = debug.getinfo

--- Returns "bot.lua:12: ", or "" if no line of a script is running. Call it from a function of the library.
---@return string
return function()
  for level = 3, 20 do
    local info = getinfo(level, "Sl")
    if not info then break end
    local ours = info.source:find("wechat/[%w_]+%.lua$")
    if info.currentline > 0 and not ours then return info.short_src .. ":" .. info.currentline .. ": " end
  end
  return ""
end
