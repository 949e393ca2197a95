-- Where a line of Chinese may end.

local closing = { "，", "、", "；", "：", "。", "）", "”", "》" }
local opening = { "（", "“", "《" }

--- Returns the text with `mark` wherever a line may end without a blank: before Chinese characters that follow another
--- character of the same kind or a mark of punctuation, and before an opening bracket or quote, but not behind one;
--- behind Chinese marks of punctuation before other letters.
---@param text string
---@param mark string
---@return string
return function(text, mark)
  local marked, inserted = text, mark:gsub("%%", "%%%%")
  for _, sign in ipairs(closing) do marked = marked:gsub(sign .. "%f[%w\"({%[<\\.*_/-]", sign .. inserted) end
  marked = marked:gsub("([\x80-\xbf])([\xe4-\xe9][\x80-\xbf])", function(before, after) return before .. mark .. after end)
  for _, sign in ipairs(opening) do
    marked = marked:gsub("([\x80-\xbf])" .. sign, "%1" .. inserted .. sign):gsub(sign .. mark:gsub("%p", "%%%0"), sign)
  end
  return marked
end
