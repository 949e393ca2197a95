-- What differs between two menus, told by path as one would tell it: this button is new, that one moved, this
-- name is another now.

local diff = {}

---@class MenuChange tostring(change) says it in one line
---@field path string of a button that is gone: where it was; else where it is in the new menu
---@field what string
---@field old any
---@field new any

local change_meta = { __name = "menu change" }
function change_meta.__tostring(change) return change.path .. " " .. change.what end

local function add(changes, path, old, new, format, ...)
  local change = { path = path, what = format:format(...), old = old, new = new }
  changes[#changes + 1] = setmetatable(change, change_meta)
end

local function sorted_keys(...)
  local names, seen = {}, {}
  for _, values in ipairs { ... } do
    for key in pairs(values) do
      if not seen[key] then names[#names + 1], seen[key] = key, true end
    end
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

-- A value in a line, and the same for equal values.
local function text_of(value)
  if type(value) == "string" then return "'" .. value .. "'" end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, key in ipairs(sorted_keys(value)) do parts[i] = tostring(key) .. " = " .. text_of(value[key]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- A match rule as the platform gives it back may say group for tag, and names what is not set.
local function settle_rule(rule)
  local out = {}
  for name, value in pairs(type(rule) == "table" and rule or {}) do
    if value ~= "" and type(value) ~= "userdata" then out[name] = tostring(value) end
  end
  out.tag_id, out.group_id = out.tag_id or out.group_id, nil
  return out
end

local function rule_text(menu)
  return text_of(settle_rule(type(menu) == "table" and rawget(menu, "matchrule")))
end

local function name_of(button) return type(button) == "table" and rawget(button, "name") or button end

local function described(button)
  if type(button) ~= "table" then return text_of(button) end
  local children, kind = rawget(button, "sub_button"), rawget(button, "type")
  local count = type(children) == "table" and #children or 0
  local what = kind and text_of(kind):gsub("'", "") or ("%d in it"):format(count)
  return ("%s (%s)"):format(text_of(name_of(button)), what)
end

-- Which of the old members each new one is: by what they say, then by name, then by place.
local function matched(old, new, ways)
  local from, taken = {}, {}
  for _, same in ipairs(ways) do
    for i, member in ipairs(new) do
      for j, other in ipairs(old) do
        if not from[i] and not taken[j] and same(other, member, j, i) then from[i], taken[j] = j, true end
      end
    end
  end
  return from, taken
end

-- The new places of those that keep their order: the most that there are. Lists are short.
local function in_order(from, count)
  local best, length = {}, {}
  for i = 1, count do
    if from[i] then
      length[i], best[i] = 1, nil
      for j = 1, i - 1 do
        if from[j] and from[j] < from[i] and length[j] + 1 > length[i] then
          length[i], best[i] = length[j] + 1, j
        end
      end
    end
  end
  local last
  for i = 1, count do
    if length[i] and (not last or length[i] > length[last]) then last = i end
  end
  local kept = {}
  while last do kept[last], last = true, best[last] end
  return kept
end

local function list(value) return type(value) == "table" and value or {} end

local compare_buttons

local function compare_button(changes, old, new, path)
  if type(old) ~= "table" or type(new) ~= "table" then
    if old ~= new then add(changes, path, old, new, "is %s now, was %s", text_of(new), text_of(old)) end
    return
  end
  for _, key in ipairs(sorted_keys(old, new)) do
    local was, is, at = rawget(old, key), rawget(new, key), path .. "." .. tostring(key)
    if key == "sub_button" then
      compare_buttons(changes, was, is, at)
    elseif text_of(was) ~= text_of(is) then
      if was == nil then
        add(changes, at, was, is, "is %s, was not there", text_of(is))
      elseif is == nil then
        add(changes, at, was, is, "is gone, was %s", text_of(was))
      else
        add(changes, at, was, is, "is %s, was %s", text_of(is), text_of(was))
      end
    end
  end
end

local ways_of_buttons = {
  function(old, new) return text_of(old) == text_of(new) end,
  function(old, new) return name_of(old) == name_of(new) end,
  function(_, _, j, i) return j == i end,
}
local ways_of_menus = {
  function(old, new)
    return text_of(list(old).button) == text_of(list(new).button) and rule_text(old) == rule_text(new)
  end,
  function(old, new) return rule_text(old) == rule_text(new) end,
}

local function compare_lists(changes, old, new, path, ways, tell, compare)
  local from, taken = matched(old, new, ways)
  local kept = in_order(from, #new)
  for j, member in ipairs(old) do
    local at = ("%s[%d]"):format(path, j)
    if not taken[j] then add(changes, at, member, nil, "is gone: %s", tell(member)) end
  end
  for i, member in ipairs(new) do
    local at = ("%s[%d]"):format(path, i)
    if not from[i] then
      add(changes, at, nil, member, "is new: %s", tell(member))
    else
      if not kept[i] then add(changes, at, from[i], i, "was %s[%d]: %s", path, from[i], tell(member)) end
      compare(changes, old[from[i]], member, at)
    end
  end
end

function compare_buttons(changes, old, new, path)
  compare_lists(changes, list(old), list(new), path, ways_of_buttons, described, compare_button)
end

local function tell_menu(menu)
  return ("%d in it, for %s"):format(#list(list(menu).button), rule_text(menu))
end

local function compare_menu(changes, old, new, path)
  compare_buttons(changes, list(old).button, list(new).button, path .. ".button")
end

--- Whether two personalised menus are the same to the platform.
---@type fun(old: Menu, new: Menu): boolean
diff.same = ways_of_menus[1]

--- The changes that lead from one menu to the other, empty for none. Personalised menus are looked at only
--- where the new menu says something of them: a push leaves them alone otherwise.
---@param old Menu
---@param new Menu
---@return MenuChange[]
function diff.changes(old, new)
  local changes = {}
  compare_buttons(changes, old.button, new.button, "button")
  local was, is = rawget(old, "matchrule"), rawget(new, "matchrule")
  if rule_text(old) ~= rule_text(new) then
    add(changes, "matchrule", was, is, "is %s, was %s", rule_text(new), rule_text(old))
  end
  if rawget(new, "conditionalmenu") ~= nil then
    compare_lists(changes, list(rawget(old, "conditionalmenu")), list(rawget(new, "conditionalmenu")),
      "conditionalmenu", ways_of_menus, tell_menu, compare_menu)
  end
  return changes
end

return diff
