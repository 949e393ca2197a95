-- Writes the manual page, in English or Chinese, as roff.

local catalogue = require "wechat.catalogue"
local breaks = require "docs.breaks"
local commands_zh = require "docs.commands_zh"
local endpoints_zh = require "docs.endpoints_zh"
local reference = require "docs.reference"
local texts_zh = require "docs.texts_zh"
local words = require "docs.words"

-- A dash is the character that is typed, and no place to break a line at.
local function roff(text)
  local escaped = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1")
  return (escaped:gsub("%f[%S]\\%-\\%-", "\\%%%0"))
end

-- An item of a list: its name in bold, already escaped, and a text.
local function item(name, text) return (".TP\n.B %s\n%s"):format(name, roff(text)) end

-- A line below an item: what it takes or has.
local function detail(name, kind, text) return (".br\n%s: %s %s"):format(roff(name), roff(kind), roff(text)) end

local function example(text) return ".br\n" .. roff(text):gsub("\n", "\n.br\n") end

-- roff breaks lines at blanks alone. A word that is longer than a narrow line, an address or a call, may end behind a
-- slash, a comma, a bar or a bracket.
local LONG = 36

local function breakable(line, chinese)
  if line:sub(1, 1) == "." then return line end
  local broken = line:gsub("[!-~]+", function(word) return #word > LONG and word:gsub("[/,|(]%f[%w%[\"]", "%0\\:") or nil end)
  return chinese and breaks(broken, "\\:") or broken
end

local parts = {}

-- What programs read too: lexgrog, for apropos.
local function head(say, about)
  return (".TH WEMOON 1 \"\" \"wemoon %s\"\n.ad l\n.nh\n.SH %s\nwemoon \\- %s\n.SH %s\n.B wemoon\n.I COMMAND\n[\\fIARGUMENT\\fR...]"):format(
    about.version, say "man_name", roff(say "man_about"), say "man_synopsis")
end

local function put_option(put, option, zh)
  local argument = ""
  if option.may_lack_value then argument = ("[=\\fI%s\\fR]"):format(option.argument)
  elseif option.argument then argument = (" \\fI%s\\fR"):format(option.argument) end
  put((".TP\n.B \\-\\-%s%s\n%s"):format(roff(option.name), argument, roff(zh and zh[option.name] or option.help)))
end

-- A text that begins on a line of its own; "" for none.
local function paragraph(text) return text ~= "" and ".PP\n" .. roff(text:gsub("\n$", "")) or "" end

function parts.commands(put, say, about, chinese)
  put(".SH " .. say "commands")
  for _, command in ipairs(about.commands) do
    local zh = chinese and commands_zh[command.name] or {}
    put((".SS wemoon %s %s"):format(roff(command.name), roff(command.usage)))
    put(roff(zh.summary and zh.summary .. "。" or command.summary .. "."))
    put(paragraph((zh.details or command.details) .. command.more))
    for _, option in ipairs(command.options) do put_option(put, option, zh.options) end
  end
end

function parts.keys(put, say, about, chinese)
  put((".SH %s\n%s"):format(say("config"):upper(), roff(say "keys")))
  for _, key in ipairs(about.keys) do
    local default = key.default and (" (%s)"):format(key.default) or ""
    put(item(key.name, (chinese and words.keys[key.name] or key.help) .. default))
  end
end

function parts.endings(put, say)
  put((".SH %s\n%s"):format(say "man_status", roff(say "man_statuses")))
  put((".SH %s\n%s"):format(say "man_signals", roff(say "man_signal_list")))
end

function parts.hooks(put, say, _, chinese)
  put((".SH %s\n%s"):format(say "man_hooks", say "hooks"))
  for _, hook in ipairs(words.hooks) do put(item(roff(hook[1]), hook[chinese and 3 or 2])) end
end

function parts.message(put, say, _, chinese)
  put((".SH %s\n%s"):format(say "man_message", roff(say "message" .. (chinese and "。" or ". ") .. say "capital")))
  for _, group in ipairs(reference.message_types()) do
    local kind = words.headings[group[1]] and say(group[1]) or group[1]
    for _, field in ipairs(group[2]) do
      put(item("msg." .. field[1], ("%s; %s: %s"):format(field[2], kind, chinese and words.fields[field[1]] or field[3])))
    end
  end
end

function parts.outcomes(put, say, _, chinese)
  put((".SH %s\n%s"):format(say "man_outcomes", roff(say "outcomes")))
  for _, outcome in ipairs(words.outcomes) do put(item(outcome[1], outcome[chinese and 3 or 2])) end
end

function parts.menu(put, say, _, chinese)
  put((".SH %s\n%s"):format(say "man_menu", roff(say "man_menu_methods")))
  for _, row in ipairs(reference.menu_methods) do put(item(roff(reference.menu_call(row)), chinese and words.menu[row.name] or row.doc)) end
end

function parts.methods(put, say, about, chinese)
  put((".SH %s\n%s\n%s\n%s"):format(say "man_methods", roff(say "forms"), roff(say "raises"), roff(say("needs_account"):format(words.account_error))))
  for _, name in ipairs(reference.method_names(about.methods)) do
    local entry = about.methods[name]
    local parameters = reference.parameters(name, entry)
    put(item(("wechat.%s(%s)"):format(name, roff(reference.argument_list(parameters))), chinese and words.methods[name] or entry.doc))
    for _, parameter in ipairs(parameters) do
      local text = parameter[3] or ""
      put(detail(parameter[1], reference.parameter_type(name, parameter), chinese and texts_zh(text) or text))
    end
    put(example(reference.example(name, parameters)))
  end
end

function parts.modules(put, say, _, chinese)
  put(".SH " .. say "man_modules")
  for _, module in ipairs(reference.modules) do
    put((".SS %s\n%s"):format(module.name, roff(module.about[chinese and 2 or 1])))
    for _, row in ipairs(module.rows) do
      put(item(roff(row[1]):gsub('"', "\\(dq"), row[chinese and 3 or 2]))
      put(example(row[4]))
    end
  end
end

function parts.types(put, say, _, chinese)
  local function text(english) return chinese and texts_zh(english) or english end
  put((".SH %s\n%s"):format(say "man_types", say "man_types_about"))
  for _, class in ipairs(reference.types.list) do
    put(item(class.name, text(class.about)))
    if class.parent then put(roff(say("inherits"):format(class.parent))) end
    for _, row in ipairs(class.rows) do put(detail(row.as_called, row[2], text(row[3]))) end
  end
end

function parts.endpoints(put, say, _, chinese)
  put((".SH %s\n%s\n%s\n%s"):format(say "man_endpoints", roff(say "man_endpoints_about"), roff(say "fails"), roff(say("needs_account"):format(words.account_error))))
  for _, group in ipairs(catalogue.groups) do
    local subject, names = catalogue.group(group)
    put((".SS wechat.%s\n%s"):format(group, roff(chinese and endpoints_zh.groups[group] or subject)))
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      local doc = chinese and (endpoints_zh[group] or {})[name] or endpoint.doc
      put(item(name, (chinese and "%s（%s）" or "%s (%s)"):format(doc, endpoint.path)))
    end
  end
end

local order = { "commands", "keys", "endings", "hooks", "message", "outcomes", "menu", "methods", "modules", "types", "endpoints" }

---@param methods table<string, MethodEntry>
---@param about { lang: string, version: string, keys: table[], commands: table[] }
---@return string
return function(methods, about)
  local chinese, lines = about.lang == "zh", {}
  local function put(text) lines[#lines + 1] = text ~= "" and text:gsub("[^\n]+", function(line) return breakable(line, chinese) end) or nil end
  local function say(name) return words.headings[name][chinese and 2 or 1] end
  about.methods = methods
  lines[1] = head(say, about)
  for _, name in ipairs(order) do parts[name](put, say, about, chinese) end
  return table.concat(lines, "\n") .. "\n"
end
