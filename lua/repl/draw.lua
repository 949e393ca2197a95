-- A menu as the phone shows it: the bar below, above each button with children its sheet; faults with their paths.

return function(repl)
  local paint = repl.paint

  local signs = {
    view = "↗", miniprogram = "◇", click = "", scancode_push = "▦", scancode_waitmsg = "▦", pic_sysphoto = "▣", pic_photo_or_album = "▣",
    pic_weixin = "▣", location_select = "⌖",
  }

  local function is_list(value) return type(value) == "table" end

  local function label(button, width, marked)
    if type(button) ~= "table" then return paint.pad("?", width, true) end
    local name = type(button.name) == "string" and button.name or "?"
    local sign = is_list(button.sub_button) and #button.sub_button > 0 and "≡ " or ""
    local tail = signs[button.type] and signs[button.type] ~= "" and " " .. signs[button.type] or ""
    local text = paint.pad(paint.cut(sign .. name .. tail, width - (marked and 2 or 0)) .. (marked and " !" or ""), width, true)
    return marked and paint.text("bad", text) or text
  end

  local function marked_paths(faults)
    local marks = {}
    for _, fault in ipairs(faults) do
      local i, j = fault.path:match("button%[(%d+)%]%.sub_button%[(%d+)%]")
      i = i or fault.path:match("button%[(%d+)%]")
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

  --- The drawing, in lines.
  ---@param menu table
  ---@param faults MenuFault[]
  return function(menu, faults)
    local buttons = is_list(menu.button) and menu.button or {}
    if #buttons == 0 then return "(an empty menu: menu:click(\"今日歌曲\", \"V1001\") adds a button)" end
    local width = math.max(8, math.min(22, (repl.columns - 2) // #buttons - 1))
    local marks = marked_paths(faults)
    local lines = draw_sheets(buttons, width, marks)
    local cells = {}
    for i, button in ipairs(buttons) do cells[i] = label(button, width, marks[tostring(i)]) end
    local rule = ("─"):rep(width)
    local rules = {}
    for i = 1, #buttons do rules[i] = rule end
    lines[#lines + 1] = "┌" .. table.concat(rules, "┬") .. "┐"
    lines[#lines + 1] = "│" .. table.concat(cells, "│") .. "│"
    lines[#lines + 1] = "└" .. table.concat(rules, "┴") .. "┘"
    for _, fault in ipairs(faults) do
      lines[#lines + 1] = paint.text("bad", "! ") .. tostring(fault) .. (fault.errcode and paint.text("faint", (" (%d)"):format(fault.errcode)) or "")
    end
    return table.concat(lines, "\n")
  end
end
