-- Menus that can be edited: plain tables as the platform takes them, with methods through a metatable, so
-- that their JSON is the platform's and nothing more.

local misread = require "wechat.misread"
local types = require "wechat.menu.types"

-- No menu of the platform is nested deeper; a table that contains itself is.
local DEEPEST = 20

---@param host table
---@return fun(given: table?): Menu
return function(host)
  local fail, array = host.args.fail, host.json.array
  local menu_meta = { __name = "menu", __index = {} }
  local methods = menu_meta.__index

  local function list_of(menu)
    local name = rawget(menu, "button") and "button" or "sub_button"
    if type(rawget(menu, name)) ~= "table" then menu[name] = array {} end
    return menu[name]
  end

  local kinds = {
    string = function(value) return type(value) == "string" end,
    integer = function(value) return math.type(value) and math.tointeger(value) end,
    table = function(value) return type(value) == "table" end,
  }

  -- The arguments by their names, whether they came in order or as one table with names.
  local function take(row, full, first, ...)
    local parameters, given, known = row.parameters, {}, {}
    for i, parameter in ipairs(parameters) do
      known[parameter[1]] = true
      if i == 1 then given[parameter[1]] = first else given[parameter[1]] = (select(i - 1, ...)) end
    end
    local is_named = type(first) == "table" and select("#", ...) == 0
      and (parameters[1][2] ~= "table" or rawget(first, parameters[1][1]) ~= nil)
    if is_named then given = first end
    for name in pairs(given) do
      if not known[name] then fail("%s: there is no argument named '%s'", full, tostring(name)) end
    end
    for _, parameter in ipairs(parameters) do
      local value, kind = given[parameter[1]], parameter[2]
      if value == nil then fail("%s: %s is missing (%s)", full, parameter[1], kind) end
      if not kinds[kind](value) then
        fail("%s: %s is a %s (%s expected)", full, parameter[1], type(value), kind)
      end
    end
    return given
  end

  local bodies = {}

  for _, row in ipairs(types.list) do
    bodies[row.type] = function(menu, given)
      local button = { type = row.type, name = given.name }
      for _, field in ipairs(row.fields) do button[field] = given[field] end
      table.insert(list_of(menu), button)
      return menu
    end
  end

  function bodies.sub(menu, given)
    local button = setmetatable({ name = given.name, sub_button = array {} }, menu_meta)
    table.insert(list_of(menu), button)
    return button
  end

  local function check_place(menu, name, parameter, place)
    local count = #list_of(menu)
    if place >= 1 and place <= count then return math.tointeger(place) end
    local there = count == 0 and "there are no buttons" or ("1 to %d expected"):format(count)
    fail("wechat.menu:%s: %s is %d (%s)", name, parameter, place, there)
  end

  function bodies.remove(menu, given)
    return table.remove(list_of(menu), check_place(menu, "remove", "n", given.n))
  end

  function bodies.move(menu, given)
    local from = check_place(menu, "move", "a", given.a)
    local to = check_place(menu, "move", "b", given.b)
    table.insert(list_of(menu), to, table.remove(list_of(menu), from))
    return menu
  end

  local function copy(value, depth)
    if type(value) ~= "table" then return value end
    if depth > DEEPEST then fail("wechat.menu: the menu is nested more than %d deep", DEEPEST) end
    local out = {}
    for key, member in pairs(value) do out[key] = copy(member, depth + 1) end
    return host.json.is_array(value) and array(out) or out
  end

  local copy_buttons

  -- What the account's website made, as what the API can make; left as it is where there is no such type.
  local function settle_website(button)
    local value, same = button.value, types.of_website[button.type or 0]
    if value == nil then return end
    local row = types.by_name[same and same.type or button.type or 0]
    if not row or button[row.fields[1]] ~= nil then return end
    button.type, button[row.fields[1]], button.value, button.news_info = row.type, value, nil, nil
  end

  local function copy_button(given, depth)
    if type(given) ~= "table" then return given end
    local button = {}
    for key, value in pairs(given) do
      if key ~= "sub_button" then button[key] = copy(value, depth + 1) end
    end
    settle_website(button)
    local children = copy_buttons(rawget(given, "sub_button"), depth + 1)
    if type(children) ~= "table" then
      button.sub_button = children
    elseif next(children) ~= nil or button.type == nil then
      button.sub_button = children
      setmetatable(button, menu_meta)
    end
    return button
  end

  -- The platform writes a list also as {list = [...]}, and gives buttons that act an empty one.
  function copy_buttons(given, depth)
    if type(given) ~= "table" then return given end
    if depth > DEEPEST then fail("wechat.menu: the menu is nested more than %d deep", DEEPEST) end
    if type(rawget(given, "list")) == "table" then given = rawget(given, "list") end
    local out = {}
    for key, button in pairs(given) do out[key] = copy_button(button, depth + 1) end
    return array(out)
  end

  local function copy_menu(given)
    local button = copy_buttons(rawget(given, "button"), 1)
    if button == nil then button = array {} end
    local matchrule, menuid = copy(rawget(given, "matchrule"), 1), nil
    if matchrule then menuid = rawget(given, "menuid") end
    return setmetatable({ button = button, matchrule = matchrule, menuid = menuid }, menu_meta)
  end

  -- Oldest first: the one added last wins, so they are added in this order.
  local function by_age(list)
    local sorted = table.move(list, 1, #list, 1, {})
    for _, menu in ipairs(sorted) do
      if type(menu) ~= "table" or not math.tointeger(tonumber(rawget(menu, "menuid"))) then return sorted end
    end
    table.sort(sorted, function(a, b) return tonumber(a.menuid) < tonumber(b.menuid) end)
    return sorted
  end

  function bodies.conditional(menu, given)
    if type(rawget(menu, "conditionalmenu")) ~= "table" then menu.conditionalmenu = array {} end
    local other = copy_menu { matchrule = given.matchrule }
    table.insert(menu.conditionalmenu, other)
    return other
  end

  for _, row in ipairs(types.methods) do
    local full, body = "wechat.menu:" .. row.name, bodies[row.name]
    methods[row.name] = host.args.method("menu:" .. row.name, nil, function(menu, ...)
      if type(menu) ~= "table" then fail("%s: call it with a colon: menu:%s(...)", full, row.name) end
      return body(menu, take(row, full, ...))
    end, row.doc)
  end
  misread.methods(methods, "menu", { conditionalmenu = true })

  --- A menu to edit, made of any that the platform takes or gives: of create, addconditional, get, trymatch,
  --- get_current_selfmenu_info. It shares nothing with what it was made of.
  return function(given)
    given = given or {}
    local source = given
    for _, wrapper in ipairs { "selfmenu_info", "menu" } do
      if type(rawget(given, wrapper)) == "table" and not rawget(given, "button") then
        source = rawget(given, wrapper)
      end
    end
    local menu, others = copy_menu(source), rawget(given, "conditionalmenu")
    if type(others) == "table" then
      menu.conditionalmenu = array {}
      for i, other in ipairs(by_age(others)) do
        menu.conditionalmenu[i] = type(other) == "table" and copy_menu(other) or other
      end
    end
    return menu
  end
end
