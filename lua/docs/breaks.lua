-- Where a line of Chinese may end.

--- Returns the text with `mark` wherever a line may end without a blank: before Chinese characters that follow another
--- character of the same kind or a mark of punctuation, but not behind an opening bracket or quote.
---@param text string
---@param mark string
---@return string
return function(text, mark)
  local marked = text:gsub("([\x80-\xbf])([\xe4-\xe9][\x80-\xbf])", function(before, after) return before .. mark .. after end)
  for _, opening in ipairs { "（", "“", "《" } do marked = marked:gsub(opening .. mark:gsub("%p", "%%%0"), opening) end
  return marked
end
