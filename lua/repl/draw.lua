-- Draws a menu as the phone shows it: the bar at the bottom, sub-menus above their buttons; faults with their paths.

local fault_zh = require "docs.sentence"(require "docs.menu_faults_zh")

return function(repl)
  local paint = repl.paint

  local signs = {
    view = "↗", miniprogram = "◇", click = "", scancode_push = "▦", scancode_waitmsg = "▦", pic_sysphoto = "▣", pic_photo_or_album = "▣",
    pic_weixin = "▣", location_select = "⌖",
  }

  local function is_list(value) return type(value) == "table" end

  -- Returns the button's name as far as it fits, the whole name, and the signs around it, which are kept.
  local function parts_of(button, width, marked)
    local name = type(button.name) == "string" and paint.safe(button.name) or "?"
    local sign = is_list(button.sub_button) and #button.sub_button > 0 and "≡ " or ""
    local tail = signs[button.type] and signs[button.type] ~= "" and " " .. signs[button.type] or ""
    local room = width - paint.width(sign .. tail) - (marked and 2 or 0)
    return paint.cut(name, math.max(1, room)), name, sign, tail .. (marked and " !" or "")
  end

  local function label(button, width, marked)
    if type(button) ~= "table" then return paint.pad("?", width, true) end
    local cut, _, sign, tail = parts_of(button, width, marked)
    local text = paint.pad(sign .. cut .. tail, width, true)
    return marked and paint.text("bad", text) or text
  end

  -- Returns the buttons with faults. `where`: the prefix of this menu's paths, "" or "conditionalmenu[1].".
  local function marked_paths(faults, where)
    local marks = {}
    for _, fault in ipairs(faults) do
      local path = fault.path:sub(1, #where) == where and fault.path:sub(#where + 1) or ""
      local i, j = path:match("^button%[(%d+)%]%.sub_button%[(%d+)%]")
      i = i or path:match("^button%[(%d+)%]")
      if i then marks[j and i .. "." .. j or i] = true end
    end
    return marks
  end

  local function draw_sheets(buttons, width, marks)
    local most = 0
    for _, button in ipairs(buttons) do most = math.max(most, is_list(button) and is_list(button.sub_button) and #button.sub_button or 0) end
    local lines = {}
    for row = most, 1, -1 do
      local cells = {}
      for i, button in ipairs(buttons) do
        local subs = is_list(button) and is_list(button.sub_button) and button.sub_button or {}
        local place = #subs - row + 1
        cells[i] = subs[place] and "│" .. label(subs[place], width - 2, marks[i .. "." .. place]) .. "│" or (" "):rep(width)
      end
      lines[#lines + 1] = " " .. table.concat(cells, " ")
    end
    return lines, most
  end

  -- Appends the full names of buttons whose names were cut.
  local function add_cut_names(lines, buttons, width, marks)
    local function add(place, button, room)
      if not is_list(button) then return end
      local cut, name = parts_of(button, room, marks[place])
      if cut ~= name then lines[#lines + 1] = ("%s %s"):format(place, name) end
    end
    for i, button in ipairs(buttons) do
      add(tostring(i), button, width)
      for j, inner in ipairs(is_list(button) and is_list(button.sub_button) and button.sub_button or {}) do add(i .. "." .. j, inner, width - 2) end
    end
  end

  local function draw_menu(menu, faults, where)
    local buttons = is_list(menu.button) and menu.button or {}
    if #buttons == 0 then return { repl.say "(an empty menu: menu:click(\"今日歌曲\", \"V1001\") adds a button)" } end
    local width = math.max(4, math.min(22, (repl.columns - 1) // #buttons - 1))
    local marks = marked_paths(faults, where)
    local lines = draw_sheets(buttons, width, marks)
    local cells = {}
    for i, button in ipairs(buttons) do cells[i] = label(button, width, marks[tostring(i)]) end
    local rules = {}
    for i = 1, #buttons do rules[i] = ("─"):rep(width) end
    lines[#lines + 1] = "┌" .. table.concat(rules, "┬") .. "┐"
    lines[#lines + 1] = "│" .. table.concat(cells, "│") .. "│"
    lines[#lines + 1] = "└" .. table.concat(rules, "┴") .. "┘"
    add_cut_names(lines, buttons, width, marks)
    return lines
  end

  local function text_of(fault)
    if repl.settings.lang ~= "zh" then return tostring(fault) end
    return fault.path .. " " .. fault_zh(fault.what)
  end

  local function rule_of(menu)
    local parts = {}
    for name, value in pairs(is_list(menu.matchrule) and menu.matchrule or {}) do
      if value ~= "" then parts[#parts + 1] = ("%s = %s"):format(name, tostring(value)) end
    end
    table.sort(parts)
    return paint.safe(table.concat(parts, ", "))
  end

  --- Returns the drawing as lines: the default menu, then each personalised menu under its rule.
  ---@param menu table
  ---@param faults MenuFault[]
  return function(menu, faults)
    local lines = draw_menu(menu, faults, "")
    for i, other in ipairs(is_list(menu.conditionalmenu) and menu.conditionalmenu or {}) do
      lines[#lines + 1] = paint.text("bold", repl.say("for users with %s:", rule_of(other)))
      table.move(draw_menu(other, faults, ("conditionalmenu[%d]."):format(i)), 1, 99, #lines + 1, lines)
    end
    for _, fault in ipairs(faults) do
      lines[#lines + 1] = paint.text("bad", "! ") .. paint.safe(text_of(fault)) .. (fault.errcode and paint.text("faint", (" (%d)"):format(fault.errcode)) or "")
    end
    return table.concat(lines, "\n")
  end
end
