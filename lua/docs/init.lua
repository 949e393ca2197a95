-- The manual page's part on `wechat`: methods and endpoints, from what they say of themselves.

local host = ...
local wechat = wechat

local catalogue = require "wechat.catalogue"

local function roff(text) return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1")) end

local function methods(lines)
  local names = {}
  local _ = wechat.call -- reads the methods that call the platform
  for name in pairs(host.args.methods) do
    if not catalogue.endpoint(name) then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local entry, arguments = host.args.methods[name], {}
    for i, parameter in ipairs(entry.parameters or {}) do
      arguments[i] = parameter[2]:find("?", 1, true) and "[" .. parameter[1] .. "]" or parameter[1]
    end
    lines[#lines + 1] = (".TP\n.B wechat.%s(%s)\n%s"):format(name, roff(table.concat(arguments, ", ")), roff(entry.doc))
  end
end

local function endpoints(lines)
  for _, group in ipairs(catalogue.groups) do
    local about, names = catalogue.group(group)
    lines[#lines + 1] = (".SS wechat.%s\n%s"):format(group, roff(about))
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      lines[#lines + 1] = (".TP\n.B %s\n%s (%s)"):format(name, roff(endpoint.doc), roff(endpoint.path))
    end
  end
end

local program = {}

function program.man()
  local lines = { ".SH METHODS" }
  methods(lines)
  lines[#lines + 1] = ".SH ENDPOINTS\nEach is wechat.GROUP.NAME{...}, with the platform's own fields."
  endpoints(lines)
  return table.concat(lines, "\n") .. "\n"
end

return program
