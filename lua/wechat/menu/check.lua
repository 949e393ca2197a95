-- The faults for which the platform would refuse a menu, each with its path. The platform is not asked.

local types = require "wechat.menu.types"

---@class MenuFault tostring(fault) says it in one line
---@field path string "button[2].sub_button[1].name"
---@field what string "has 17 bytes (at most 16)"
---@field limit? integer
---@field errcode? integer what the platform would say

local fault_meta = { __name = "menu fault" }
function fault_meta.__tostring(fault) return fault.path .. " " .. fault.what end

---@class MenuCheck one check under way
---@field faults MenuFault[]
---@field personalised boolean whether the buttons at hand are for some users only
---@field domains table<string, boolean> those of the personalised menus
---@field domain_count integer

local function report(check, path, errcode, limit, format, ...)
  local fault = { path = path, what = format:format(...), limit = limit, errcode = errcode }
  check.faults[#check.faults + 1] = setmetatable(fault, fault_meta)
end

-- JSON's null counts as absent.
local function is_absent(value) return value == nil or type(value) == "userdata" end

local function a(value) return (type(value):find("^[aeiou]") and "an " or "a ") .. type(value) end

-- Whether the value is a text that can be sent; reports the fault if not.
local function check_text(check, path, value, errcode, bytes)
  if is_absent(value) then
    report(check, path, errcode, nil, "is missing (string)")
  elseif type(value) ~= "string" then
    report(check, path, errcode, nil, "is %s (string expected)", a(value))
  elseif value == "" then
    report(check, path, errcode, bytes, "is empty")
  elseif not utf8.len(value) then
    report(check, path, 65318, nil, "is not UTF-8")
  elseif bytes and #value > bytes then
    report(check, path, errcode, bytes, "has %d bytes (at most %d)", #value, bytes)
  else
    return true
  end
end

local function host_of(url)
  local authority = url:match("^[hH][tT][tT][pP][sS]?://([^/?#]+)")
  if not authority or url:find("[%s%c]") then return nil end
  local host = authority:gsub("^.*@", ""):gsub(":%d*$", "")
  return host ~= "" and host:lower() or nil
end

local function check_url(check, path, url, level)
  local host = host_of(url)
  if not host then
    local errcode = check.personalised and 65317 or types.levels[level].errcode.domain
    report(check, path, errcode, nil, "is not an address (http:// or https://, a host, no spaces expected)")
  elseif check.personalised and not check.domains[host] then
    check.domains[host], check.domain_count = true, check.domain_count + 1
    if check.domain_count > types.domains then
      local text = "goes to domain %d, %s (personalised menus link to at most %d)"
      report(check, path, 65316, types.domains, text, check.domain_count, host, types.domains)
    end
  end
end

local function check_action(check, button, path, level)
  local name, errcode = rawget(button, "type"), types.levels[level].errcode.type
  local row = types.by_name[name or 0]
  if row then
    for _, field in ipairs(row.fields) do
      local rules, value, at = types.fields[field], rawget(button, field), path .. "." .. field
      local good = check_text(check, at, value, rules.errcode[level], rules.bytes)
      if good and rules.is_url then check_url(check, at, value, level) end
    end
  elseif is_absent(name) then
    report(check, path .. ".type", errcode, nil, "is missing (%s)", types.names())
  elseif types.of_website[name] then
    report(check, path .. ".type", errcode, nil, "is '%s', which only the account's website can make", name)
  else
    report(check, path .. ".type", errcode, nil, "is '%s' (%s expected)", tostring(name), types.names())
  end
end

-- What of a button says that it acts: its type, or what a type needs.
local function action_of(button)
  if not is_absent(rawget(button, "type")) then return "type" end
  for _, row in ipairs(types.list) do
    for _, field in ipairs(row.fields) do
      if not is_absent(rawget(button, field)) then return field end
    end
  end
end

local check_buttons

local function check_top(check, button, path)
  local children, action = rawget(button, "sub_button"), action_of(button)
  local errcode = types.levels[1].errcode.type
  if is_absent(children) and not action then
    errcode = check.personalised and 65308 or errcode
    report(check, path, errcode, nil, "does nothing: it has neither type nor sub_button")
  elseif is_absent(children) or (action and type(children) == "table" and next(children) == nil) then
    check_action(check, button, path, 1)
  else
    if action then
      report(check, path, errcode, nil, "has both %s and sub_button: a button acts or opens a list", action)
    end
    check_buttons(check, children, path .. ".sub_button", 2)
  end
end

local function check_sub(check, button, path)
  local children = rawget(button, "sub_button")
  local is_parent = type(children) == "table" and (next(children) ~= nil or not action_of(button))
  if is_parent then
    report(check, path .. ".sub_button", 40022, 2, "is a third level (a menu has 2)")
  else
    check_action(check, button, path, 2)
  end
end

local function check_button(check, button, path, level)
  local limits = types.levels[level]
  if type(button) ~= "table" then
    return report(check, path, limits.errcode.type, nil, "is %s (table expected)", a(button))
  end
  check_text(check, path .. ".name", rawget(button, "name"), limits.errcode.name, limits.name)
  if level == 1 then check_top(check, button, path) else check_sub(check, button, path) end
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  return count == #value
end

function check_buttons(check, list, path, level)
  local limits = types.levels[level]
  local errcode = limits.errcode.count
  if level == 1 and check.personalised then errcode = 65307 end
  if is_absent(list) then
    return report(check, path, errcode, limits.most, "is missing (a list of 1 to %d buttons)", limits.most)
  elseif not is_list(list) then
    return report(check, path, errcode, nil, "is not a list (1 to %d buttons expected)", limits.most)
  elseif #list == 0 then
    return report(check, path, errcode, limits.most, "is empty (1 to %d buttons expected)", limits.most)
  elseif #list > limits.most then
    report(check, path, limits.errcode.count, limits.most, "has %d buttons (at most %d)", #list, limits.most)
  end
  for i, button in ipairs(list) do check_button(check, button, ("%s[%d]"):format(path, i), level) end
end

local function check_rule_field(check, path, value, pattern, words)
  local number = pattern and type(value) == "number" and math.tointeger(value)
  if type(value) ~= "string" and not number then
    local expected = pattern and "string or integer" or "string"
    report(check, path, nil, nil, "is %s (%s expected)", a(value), expected)
  elseif pattern and not tostring(number or value):find(pattern) then
    report(check, path, nil, nil, "is '%s' (%s expected)", tostring(value), words)
  elseif not utf8.len(value) then
    report(check, path, 65318, nil, "is not UTF-8")
  end
end

local function check_rule(check, rule, path)
  if is_absent(rule) then return report(check, path, 65304, nil, "is missing (table)") end
  if type(rule) ~= "table" then return report(check, path, 65304, nil, "is %s (table expected)", a(rule)) end
  local given, known = {}, {}
  for name, value in pairs(rule) do
    if not is_absent(value) and value ~= "" then given[name] = value end
  end
  if next(given) == nil then return report(check, path, 65304, nil, "is empty: it would match no user") end
  for _, row in ipairs(types.rule) do
    local name = row[1]
    known[#known + 1], known[name] = name, true
    if given[name] ~= nil then check_rule_field(check, path .. "." .. name, given[name], row[2], row[3]) end
  end
  for name in pairs(given) do
    if not known[name] then
      local text = "is not a field of a match rule (%s expected)"
      report(check, ("%s.%s"):format(path, tostring(name)), nil, nil, text, table.concat(known, ", "))
    end
  end
  if given.province and not given.country then
    report(check, path .. ".country", 65310, nil, "is missing: province is given")
  end
  if given.city and not given.province then
    report(check, path .. ".province", 65311, nil, "is missing: city is given")
  end
end

local function check_personalised(check, menu, prefix)
  check.personalised = true
  check_rule(check, rawget(menu, "matchrule"), prefix .. "matchrule")
  check_buttons(check, rawget(menu, "button"), prefix .. "button", 1)
end

local function check_all_personalised(check, list)
  if not is_list(list) then return report(check, "conditionalmenu", nil, nil, "is not a list (of menus)") end
  for i, menu in ipairs(list) do
    local path = ("conditionalmenu[%d]"):format(i)
    if type(menu) == "table" then
      check_personalised(check, menu, path .. ".")
    else
      report(check, path, 65307, nil, "is %s (table expected)", a(menu))
    end
  end
end

--- The faults, in the menu's order; none: it can go out. Takes what create takes, what addconditional takes
--- (with a `matchrule`), and a menu with its personalised ones in `conditionalmenu`.
---@param menu table
---@return MenuFault[]
return function(menu)
  local check = { faults = {}, personalised = false, domains = {}, domain_count = 0 }
  local others = rawget(menu, "conditionalmenu")
  if not is_absent(rawget(menu, "matchrule")) then
    check_personalised(check, menu, "")
    return check.faults
  end
  if is_absent(rawget(menu, "button")) and type(others) == "table" and next(others) ~= nil then
    report(check, "button", 65303, nil, "is missing: personalised menus need a menu for all others first")
  else
    check_buttons(check, rawget(menu, "button"), "button", 1)
  end
  if not is_absent(others) then check_all_personalised(check, others) end
  return check.faults
end
