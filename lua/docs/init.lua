-- Writes the reference from the documentation in methods, endpoints and tables: the manual's part, and an HTML page.

local host = ...
local wechat = wechat

local catalogue = require "wechat.catalogue"
local html = require "docs.html"
local reference = require "docs.reference"

local function roff(text) return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1")) end

local _ = wechat.call -- loads the methods that call the platform

-- An item of a list: its name in bold, already escaped, and a text.
local function item(name, text) return (".TP\n.B %s\n%s"):format(name, roff(text)) end

-- A line below an item: what it takes or has.
local function detail(name, kind, text) return (".br\n%s: %s %s"):format(roff(name), roff(kind), roff(text)) end

local function example(text) return ".br\n" .. roff(text):gsub("\n", "\n.br\n") end

local function methods(lines)
  for _, name in ipairs(reference.method_names(host.args.methods)) do
    local entry = host.args.methods[name]
    local parameters = reference.parameters(name, entry)
    lines[#lines + 1] = item(("wechat.%s(%s)"):format(name, roff(reference.argument_list(parameters))), entry.doc)
    for _, parameter in ipairs(parameters) do
      lines[#lines + 1] = detail(parameter[1], reference.parameter_type(name, parameter), parameter[3] or "")
    end
    lines[#lines + 1] = example(reference.example(name, parameters))
  end
end

local function endpoints(lines)
  for _, group in ipairs(catalogue.groups) do
    local about, names = catalogue.group(group)
    lines[#lines + 1] = (".SS wechat.%s\n%s"):format(group, roff(about))
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      lines[#lines + 1] = item(name, ("%s (%s)"):format(endpoint.doc, endpoint.path))
    end
  end
end

local function message_fields(lines)
  lines[#lines + 1] = ".SH MESSAGE\nFields of a message, by type; every element is there under the platform's own name too."
  for _, group in ipairs(reference.message_types()) do
    for _, field in ipairs(group[2]) do
      lines[#lines + 1] = item("msg." .. field[1], ("%s; %s: %s"):format(field[2], group[1], field[3]))
    end
  end
end

local function hooks(lines)
  lines[#lines + 1] = ".SH HOOKS\nWhat a script defines."
  for _, hook in ipairs(reference.words.hooks) do
    lines[#lines + 1] = item(roff(hook[1]), hook[2])
  end
end

local function outcomes(lines)
  lines[#lines + 1] = ".SH OUTCOMES\n" .. reference.words.headings.outcomes[1]
  for _, outcome in ipairs(reference.words.outcomes) do lines[#lines + 1] = item(outcome[1], outcome[2]) end
end

local function menu(lines)
  lines[#lines + 1] = ".SH MENU\nMethods of what wechat.menu.new gives."
  for _, row in ipairs(reference.menu_methods) do
    local names = {}
    for i, parameter in ipairs(row.parameters) do names[i] = parameter[1] end
    lines[#lines + 1] = item(("menu:%s(%s)"):format(row.name, roff(table.concat(names, ", "))), row.doc)
  end
end

local function modules(lines)
  lines[#lines + 1] = ".SH MODULES"
  for _, module in ipairs(reference.modules) do
    lines[#lines + 1] = (".SS %s\n%s"):format(module.name, roff(module.about[1]))
    for _, row in ipairs(module.rows) do
      lines[#lines + 1] = item(roff(row[1]):gsub('"', "\\(dq"), row[2])
      lines[#lines + 1] = example(row[4])
    end
  end
end

local function types(lines)
  lines[#lines + 1] = ".SH TYPES\nWhat functions take and give."
  for _, class in ipairs(reference.types.list) do
    lines[#lines + 1] = item(class.name, class.about)
    if class.parent then lines[#lines + 1] = ("With all that %s has."):format(class.parent) end
    for _, row in ipairs(class.rows) do
      lines[#lines + 1] = detail(row.as_called, row[2], row[3])
    end
  end
end

local program = {}

function program.man()
  local lines = {}
  hooks(lines)
  message_fields(lines)
  outcomes(lines)
  menu(lines)
  lines[#lines + 1] = ".SH METHODS"
  methods(lines)
  modules(lines)
  types(lines)
  lines[#lines + 1] = ".SH ENDPOINTS\nEach is wechat.GROUP.NAME{...}, with the platform's own fields."
  endpoints(lines)
  return table.concat(lines, "\n") .. "\n"
end

--- Returns the HTML page. `about`: JSON of its language ("zh" or "en"), the version, and the configuration's keys.
---@param about string
---@return string
function program.html(about)
  return html(host.args.methods, assert(host.json.decode(about)))
end

return program
