-- wechat.menu: builds, checks, compares, pushes and pulls menus. The platform's calls of the group `menu`
-- are in the same table.

local check = require "wechat.menu.check"
local diff = require "wechat.menu.diff"

-- "There is no menu": menu.get does not see a menu that was made on the website.
local no_menu = 46003

---@class Menu a menu to edit, plain as create_menu takes it; the rest are methods
---@field button table[]
---@field matchrule? table of a personalised menu: whom it is for
---@field conditionalmenu? Menu[] the personalised menus, the one added last wins

-- The error of a push that was not sent, in the platform's form.
local function refusal(faults)
  local text = tostring(faults[1])
  if #faults == 2 then text = text .. "; and 1 fault more" end
  if #faults > 2 then text = ("%s; and %d faults more"):format(text, #faults - 1) end
  return { kind = "api", errcode = faults[1].errcode, errmsg = text .. "; nothing was sent", faults = faults }
end

---@param wechat table
---@param host table
---@param api Api
return function(wechat, host, api)
  local new = require("wechat.menu.build")(host)
  local menu_row = { "menu", "table", "as built, as create_menu takes it, or as the platform gives it" }
  local others_row = { "conditionalmenu", "table?", "its personalised menus, as get_menu gives them" }

  -- get_menu's whole answer reads as these two arguments by their names.
  local function joined(menu, others)
    if not others then return menu end
    menu = menu or {}
    return { menu = rawget(menu, "menu") or menu, conditionalmenu = others }
  end

  -- A menu from the platform's answer is checked as if it were to be created.
  local function faults_of(menu)
    local is_wrapped = rawget(menu, "menu") or rawget(menu, "selfmenu_info")
    return check(is_wrapped and not rawget(menu, "button") and new(menu) or menu)
  end

  local function request(full, fields, method)
    local made, fault = api.request(full, fields, method)
    if not made then host.args.fail("wechat.%s: %s", method, fault) end
    return made
  end

  -- The platform's menus that the API made; an empty menu if there are none.
  local function get(method)
    local answer, failure = host.api.call(request("menu.get", {}, method))
    if failure == nil then return new(answer) end
    if failure.kind ~= "api" or failure.errcode ~= no_menu then return api.fail(failure, method) end
    return new(), true
  end

  local function send(full, fields) return api.send(request(full, fields, "menu.push")) end

  local function send_personalised(menu)
    return send("menu.addconditional", { button = menu.button, matchrule = menu.matchrule })
  end

  -- Keeps the personalised menus at the beginning of the platform's list that are wanted; the others are deleted
  -- and created again, because their order decides which of them applies.
  local function put_personalised(wanted)
    local present, err = get("menu.push")
    if not present then return nil, err end
    local there, stay, done = present.conditionalmenu or {}, 0
    while wanted[stay + 1] and there[stay + 1] and diff.same(there[stay + 1], wanted[stay + 1]) do
      stay = stay + 1
    end
    for i = #there, stay + 1, -1 do
      done, err = send("menu.delconditional", { menuid = tostring(there[i].menuid) })
      if not done then return nil, err end
    end
    for i = stay + 1, #wanted do
      done, err = send_personalised(wanted[i])
      if not done then return nil, err end
    end
    return true
  end

  host.args.add(wechat, "menu.new", {
    { "menu", "table?", "to begin with: as create_menu takes it, or as the platform gives it" }, others_row,
  }, function(menu, others) return new(joined(menu, others)) end,
    "A menu to edit: a plain table as create_menu takes it, with a method for every type of button.")

  host.args.add(wechat, "menu.check", { menu_row, others_row },
    function(menu, others) return faults_of(joined(menu, others)) end,
    "What the platform would refuse: a list of {path, what, limit, errcode}, empty when the menu is fine.")

  host.args.add(wechat, "menu.diff", { { "old", "table" }, { "new", "table" } },
    function(before, after) return diff.changes(new(before), new(after)) end,
    "What changes from one menu to the other: a list of {path, what, old, new}, empty when nothing does.")

  host.args.add(wechat, "menu.push", { menu_row, others_row }, function(menu, others)
    menu = joined(menu, others)
    local faults = faults_of(menu)
    if #faults > 0 then return api.fail(refusal(faults), "menu.push") end
    menu = new(menu)
    if menu.matchrule then return send_personalised(menu) end
    local answer, err = send("menu.create", { button = menu.button })
    if answer and menu.conditionalmenu then
      local done
      done, err = put_personalised(menu.conditionalmenu)
      if not done then answer = nil end
    end
    return answer, err
  end, "Checks the menu and replaces the current one; with faults, nothing is sent.")

  host.args.add(wechat, "menu.pull", {}, function()
    local menu, none = get("menu.pull")
    if not menu then return nil, none end
    if not none then return menu end
    local answer, err = api.send(request("menu.get_current_selfmenu_info", {}, "menu.pull"))
    if not answer then return nil, err end
    return new(answer)
  end, "The platform's menu, to edit: the one that the API created, else the website's.")
end
