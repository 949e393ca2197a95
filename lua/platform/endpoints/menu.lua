-- The default menu and personalised menus.

local check = require "wechat.menu.check"

local function fault_of(menu)
  for _, fault in ipairs(check(menu)) do
    if fault.errcode then return fault.errcode, tostring(fault) end
  end
end

local function menu_id(p)
  p.state.next_menu = p.state.next_menu + 1
  return p.state.next_menu
end

local function changed(p) p.emit("menu", {}) end

-- Returns a button in the format of get_current_selfmenu_info, where sub_button is {list = ...}.
local function current(button)
  local copy = {}
  for name, value in pairs(button) do copy[name] = value end
  if button.sub_button then
    copy.sub_button = { list = {} }
    for i, inner in ipairs(button.sub_button) do copy.sub_button.list[i] = current(inner) end
  end
  return copy
end

return {
  ["menu.create"] = function(p, call)
    local code, words = fault_of({ button = call.body.button })
    if code then return nil, code, words end
    p.state.menu = { button = call.body.button, menuid = menu_id(p) }
    changed(p)
    return {}
  end,

  ["menu.get"] = function(p)
    if not p.state.menu then return nil, 46003 end
    local answer = { menu = p.state.menu }
    if #p.state.conditional > 0 then answer.conditionalmenu = p.state.conditional end
    return answer
  end,

  ["menu.delete"] = function(p)
    p.state.menu, p.state.conditional = nil, {}
    changed(p)
    return {}
  end,

  ["menu.addconditional"] = function(p, call)
    if not p.state.menu then return nil, 65303 end
    local code, words = fault_of(call.body)
    if code then return nil, code, words end
    local menu = { button = call.body.button, matchrule = call.body.matchrule, menuid = menu_id(p) }
    table.insert(p.state.conditional, menu)
    changed(p)
    return { menuid = tostring(menu.menuid) }
  end,

  ["menu.delconditional"] = function(p, call)
    for i, menu in ipairs(p.state.conditional) do
      if tostring(menu.menuid) == tostring(call.body.menuid) then
        table.remove(p.state.conditional, i)
        changed(p)
        return {}
      end
    end
    return nil, 65301
  end,

  ["menu.trymatch"] = function(p, call)
    if not p.state.users[call.body.user_id] then return nil, 65304 end
    local menu = p.menu(call.body.user_id)
    if not menu then return nil, 46003 end
    return { button = menu.button }
  end,

  ["menu.get_current_selfmenu_info"] = function(p)
    local menu = p.state.menu
    if not menu then return { is_menu_open = 0 } end
    local buttons = {}
    for i, button in ipairs(menu.button) do buttons[i] = current(button) end
    return { is_menu_open = 1, selfmenu_info = { button = buttons } }
  end,
}
