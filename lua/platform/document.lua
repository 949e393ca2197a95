-- Composes XML documents in the platform's format: all text in CDATA, numbers bare.

local document = {}

-- Characters that XML forbids, even in CDATA.
local forbidden = "[\0-\8\11\12\14-\31]"

local function write_text(text)
  text = text:gsub(forbidden, ""):gsub("\u{FFFE}", "\u{FFFD}"):gsub("\u{FFFF}", "\u{FFFD}")
  return "<![CDATA[" .. text:gsub("]]>", "]]]]><![CDATA[>") .. "]]>"
end

local function write(elements, out)
  for _, element in ipairs(elements) do
    local name, value = element[1], element[2]
    if name:find("^[%a_][%w_.-]*$") then
      out[#out + 1] = "<" .. name .. ">"
      if type(value) == "table" and value.bare then out[#out + 1] = value.bare
      elseif type(value) == "table" then write(value, out)
      else out[#out + 1] = type(value) == "string" and write_text(value) or tostring(value) end
      out[#out + 1] = "</" .. name .. ">"
    end
  end
end

--- Returns the document of a list of {name, value}; a value is a string, a number, a boolean, {bare = TEXT} (the text
--- without CDATA) or another such list.
--- Elements whose name is not a valid XML name are omitted.
---@param elements table[]
---@return string
function document.compose(elements)
  local out = { "<xml>" }
  write(elements, out)
  out[#out + 1] = "</xml>"
  return table.concat(out)
end

return document
