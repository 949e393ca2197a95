-- Terminal colours, if enabled, and the width of text in columns.

local breaks = require "docs.breaks"

local codes = { string = "32", number = "36", keyword = "35", name = "34", faint = "2", bad = "31", bold = "1" }

-- Ranges of characters that are two columns wide (East Asian Wide and Fullwidth, emoji), and of zero-width ones.
local wide = {
  { 0x1100, 0x115F }, { 0x231A, 0x231B }, { 0x23E9, 0x23EC }, { 0x25FD, 0x25FE }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 },
  { 0x26A1, 0x26A1 }, { 0x26BD, 0x26BE }, { 0x26C4, 0x26C5 }, { 0x26D4, 0x26D4 }, { 0x26EA, 0x26EA }, { 0x2705, 0x2705 },
  { 0x2728, 0x2728 }, { 0x274C, 0x274C }, { 0x2753, 0x2755 }, { 0x2795, 0x2797 }, { 0x2B50, 0x2B50 }, { 0x2E80, 0x303E },
  { 0x3041, 0x33FF }, { 0x3400, 0x4DBF }, { 0x4E00, 0xA4CF }, { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF01, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF },
  { 0x1F900, 0x1F9FF }, { 0x1FA70, 0x1FAFF }, { 0x20000, 0x3FFFD },
}
local none = {
  { 0x0300, 0x036F }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0x1F3FB, 0x1F3FF },
}

-- Marks of bidirectional text and line separators: they reorder what a terminal shows, and show nothing themselves.
local reordering = { "\xD8\x9C", "\xE2\x80[\x8E\x8F\xA8-\xAE]", "\xE2\x81[\xA6-\xAF]" }

local function is_in(ranges, code)
  local low, high = 1, #ranges
  while low <= high do
    local middle = (low + high) // 2
    local range = ranges[middle]
    if code < range[1] then high = middle - 1
    elseif code > range[2] then low = middle + 1
    else return true end
  end
  return false
end

local function width_of(code)
  if code < 0x300 then return code < 32 and 0 or 1 end
  if is_in(none, code) then return 0 end
  return is_in(wide, code) and 2 or 1
end

--- Creates the painter of one prompt: a bot may have several attached, each at its own terminal.
return function()
  local paint = { on = false }

  --- Returns the text in the colour of its kind.
  function paint.text(kind, text)
    if not paint.on or text == "" then return text end
    return "\27[" .. codes[kind] .. "m" .. text .. "\27[0m"
  end

  --- Returns the text with the marks that reorder text made visible.
  ---@param text string
  ---@return string
  function paint.in_order(text)
    for _, marks in ipairs(reordering) do
      text = text:gsub(marks, function(c) return ("\\u{%X}"):format(utf8.codepoint(c)) end)
    end
    return text
  end

  --- Returns the text with control characters made visible, except line ends and tabs, and with what reorders text:
  --- text from others cannot control the terminal.
  ---@param text string
  ---@return string
  function paint.safe(text)
    text = text:gsub("[\0-\8\11-\31\127]", function(c) return ("\\x%02X"):format(c:byte()) end)
    text = text:gsub("\xC2([\x80-\x9F])", function(c) return ("\\x%02X"):format(c:byte()) end)
    return paint.in_order(text)
  end

  --- Returns the width of a text in columns; colour codes have none.
  function paint.width(text)
    local columns, plain = 0, text:gsub("\27%[[%d;]*m", "")
    for _, code in utf8.codes(plain, true) do columns = columns + width_of(code) end
    return columns
  end

  --- Cuts a text to at most `columns`; "…" marks the cut.
  function paint.cut(text, columns)
    if paint.width(text) <= columns then return text end
    local used, last = 0, 0
    for at, code in utf8.codes(text, true) do
      used = used + width_of(code)
      if used > columns - 1 then break end
      last = utf8.offset(text, 2, at) - 1
    end
    return text:sub(1, last) .. "…"
  end

  --- Breaks a line of text at its spaces, and between Chinese characters, into lines of at most `columns`; later lines
  --- are indented by `indent`. A longer word is left to the terminal.
  function paint.wrap(text, columns, indent)
    local lines, line = {}, text:match("^ *")
    for gap, word in breaks(text:sub(#line + 1), "\1"):gmatch("([ \1]*)([^ \1]+)") do
      local longer = line .. gap:gsub("\1", "") .. word
      if line:find("[^ ]") and paint.width(longer) > columns then
        lines[#lines + 1], longer = line, (" "):rep(indent) .. word
      end
      line = longer
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n")
  end

  --- Pads a text with spaces to `columns`; `centre`: on both sides.
  function paint.pad(text, columns, centre)
    local missing = math.max(0, columns - paint.width(text))
    if not centre then return text .. (" "):rep(missing) end
    return (" "):rep(missing // 2) .. text .. (" "):rep(missing - missing // 2)
  end

  return paint
end
