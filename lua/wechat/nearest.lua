-- "Did you mean": finds the name nearest to a misspelt one.

local LONGEST = 64

-- Optimal string alignment: letters added, left out, replaced, or swapped with their neighbours.
local function distance(a, b, most)
  local above2, above = nil, {}
  for j = 0, #b do above[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    local least = i
    for j = 1, #b do
      local x, y = a:byte(i), b:byte(j)
      local value = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x == y and 0 or 1))
      if above2 and j > 1 and x == b:byte(j - 1) and y == a:byte(i - 1) then value = math.min(value, above2[j - 2] + 1) end
      row[j], least = value, math.min(least, value)
    end
    if least > most then return least end
    above2, above = above, row
  end
  return above[#b]
end

--- The nearest name; nil if none is near. Case does not matter; of two equally near names, the first in the alphabet.
---@param word string
---@param names string[]
---@param most? integer how many letters may differ; a third of them, but at least one, by default
---@return string?
return function(word, names, most)
  if #word > LONGEST then return nil end
  local folded, best, found = word:lower(), (most or math.max(1, #word // 3)) + 1, nil
  for _, name in ipairs(names) do
    if math.abs(#name - #word) < best or (found and math.abs(#name - #word) <= best) then
      local far = distance(folded, name:lower(), best)
      if far < best or (far == best and found and name < found) then best, found = far, name end
    end
  end
  return found
end
