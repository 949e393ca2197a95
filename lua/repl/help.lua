-- `.help NAME`: describes a method or group, from the catalogue and the methods' own documentation, in the language of
-- the reference (docs/html.lua).

local catalogue = require "wechat.catalogue"
local annotations = require "meta.types"
local commands_zh = require "docs.commands_zh"
local endpoints_zh = require "docs.endpoints_zh"
local misread = require "wechat.misread"
local nearest = require "wechat.nearest"
local reference = require "docs.reference"
local texts_zh = require "docs.texts_zh"
local words = require "docs.words"

local SHOWN = 30

return function(repl)
  local paint = repl.paint

  local function chinese() return repl.settings.lang == "zh" end
  local function say(name) return words.headings[name][chinese() and 2 or 1] end
  local function translate(text) return chinese() and texts_zh(text) or text end
  local function title_of(name) return say(name):lower() .. (chinese() and "：" or ":") end

  local function describe_field(field)
    local need = field.required and say "needed" or field.value and say("filled_in"):format(field.value) or ""
    local text = translate(field.words)
    if field.choices then text = table.concat(field.choices, "|") .. " " .. text end
    return repl.fitted(("  %s %s  %s"):format(paint.text("name", field.path), field.type, (need .. " " .. text):match("^%s*(.-)%s*$")), 4)
  end

  local function endpoint_doc(endpoint)
    local group, name = endpoint.name:match("^(.*)%.([^.]+)$")
    return chinese() and (endpoints_zh[group] or {})[name] or endpoint.doc
  end

  local function add_fields(lines, title, fields)
    if #fields == 0 then return end
    lines[#lines + 1] = title
    for _, field in ipairs(fields) do lines[#lines + 1] = describe_field(field) end
  end

  local function of_endpoint(endpoint)
    local lines = {
      paint.text("bold", ("wechat.%s{...}"):format(endpoint.name)), repl.fitted(endpoint_doc(endpoint), 0), paint.text("faint", endpoint.verb .. " " .. endpoint.path),
    }
    for _, part in ipairs { "query", "body", "returns" } do add_fields(lines, title_of(part), endpoint[part]) end
    if endpoint.note then lines[#lines + 1] = repl.fitted(translate(endpoint.note), 0) end
    if endpoint.status then lines[#lines + 1] = say(endpoint.status) end
    lines[#lines + 1] = paint.text("faint", reference.endpoint_example(endpoint))
    lines[#lines + 1] = reference.page(endpoint, "zh")
    return table.concat(lines, "\n")
  end

  local function add_line(lines, name, kind, text)
    lines[#lines + 1] = repl.fitted(("  %s %s  %s"):format(paint.text("name", name), kind, text):gsub("%s+$", ""), 4)
  end

  local function add_type(lines, class)
    lines[#lines + 1] = paint.text("bold", class.name) .. (class.about ~= "" and ": " .. translate(class.about) or "")
    for _, row in ipairs(class.rows) do add_line(lines, row.as_called, row[2], translate(row[3])) end
    if class.parent then add_type(lines, reference.types.by_name[class.parent]) end
  end

  local function of_type(class)
    local lines = {}
    add_type(lines, class)
    return table.concat(lines, "\n")
  end

  -- The types that a method takes and gives, once each.
  local function types_of(name, parameters)
    local list, seen = {}, {}
    local function add(text)
      for word in text:gmatch("%a[%w_.]*") do
        local class = reference.types.by_name[word]
        if class and not seen[word] then list[#list + 1], seen[word] = class, true end
      end
    end
    for _, parameter in ipairs(parameters) do add(reference.parameter_type(name, parameter)) end
    add(annotations.returns_of(name))
    return list
  end

  local function of_method(name, entry)
    local parameters = reference.parameters(name, entry)
    local lines = { paint.text("bold", ("wechat.%s(%s)"):format(name, reference.argument_list(parameters))), repl.fitted(chinese() and words.methods[name] or entry.doc, 0) }
    for _, parameter in ipairs(parameters) do
      add_line(lines, parameter[1], reference.parameter_type(name, parameter), translate(parameter[3] or ""))
    end
    local returned = annotations.returns_of(name)
    if returned ~= "" then lines[#lines + 1] = say("returns"):lower() .. " " .. returned end
    local endpoint = reference.endpoint_behind(name, entry)
    if endpoint then add_fields(lines, say("fields_of"):format("wechat." .. endpoint.name), endpoint.returns) end
    for _, class in ipairs(types_of(name, parameters)) do
      if class.name ~= "ApiError" and class.name ~= "Reply" then add_type(lines, class) end
    end
    lines[#lines + 1] = paint.text("faint", reference.example(name, parameters))
    return table.concat(lines, "\n")
  end

  local function of_module(module)
    local lines = { paint.text("bold", module.name), repl.fitted(module.about[chinese() and 2 or 1], 0) }
    for _, row in ipairs(module.rows) do
      lines[#lines + 1] = repl.fitted("  " .. paint.text("name", row[1]) .. "  " .. row[chinese() and 3 or 2], 4)
    end
    return table.concat(lines, "\n")
  end

  -- A row of a module, called "bot.text", "wechat.bot.text" or "model:reply".
  local function of_module_row(module, name)
    local wanted = name:gsub(":", ".")
    for _, row in ipairs(module.rows) do
      local own = row[1]:match("^[%w_.:]+%f[(]")
      if own and own:gsub(":", ".") == wanted then
        return table.concat({ paint.text("bold", row[1]), repl.fitted(row[chinese() and 3 or 2], 0), paint.text("faint", row[4]) }, "\n")
      end
    end
  end

  local function of_menu_method(name)
    for _, row in ipairs(reference.menu_methods) do
      if name == "menu:" .. row.name then
        return paint.text("bold", reference.menu_call(row)) .. "\n" .. repl.fitted(chinese() and words.menu[row.name] or row.doc, 0)
      end
    end
  end

  local function in_modules(name)
    for _, module in ipairs(reference.modules) do
      if module.name == "wechat." .. name then return of_module(module) end
      local text = of_module_row(module, name)
      if text then return text end
    end
    local class = reference.types.by_name[name] or reference.types.by_name["wechat." .. name]
    return class and of_type(class)
  end

  -- One of wechat's tables: wechat.config, wechat.log, wechat.json.
  local function of_table(name)
    if not words.tables[name] then return nil end
    local class = reference.types.by_name["wechat." .. name]
    local title = paint.text("bold", "wechat." .. name) .. "\n" .. repl.fitted(words.tables[name][chinese() and 2 or 1], 0)
    return title .. (class and "\n" .. of_type(class) or "")
  end

  local function of_group(group)
    local about, names = catalogue.group(group)
    local lines = { paint.text("bold", "wechat." .. group), repl.fitted(chinese() and endpoints_zh.groups[group] or about, 0) }
    for _, name in ipairs(names) do
      local doc = endpoint_doc(catalogue.find(group, name))
      lines[#lines + 1] = repl.fitted("  " .. paint.text("name", name) .. "  " .. doc, 4)
    end
    -- menu.check, menu.push: wemoon's own beside the platform's
    for _, name in ipairs(misread.names(repl.host.args.methods)) do
      local own = name:match("^" .. group:gsub("%.", "%%.") .. "%.([%w_]+)$")
      if own and not catalogue.endpoint(name) then
        local doc = chinese() and words.methods[name] or repl.host.args.methods[name].doc
        lines[#lines + 1] = repl.fitted("  " .. paint.text("name", own) .. "  " .. doc, 4)
      end
    end
    return table.concat(lines, "\n")
  end

  -- A key of the configuration, also called as flag (--late-reply) or variable (WEMOON_LATE_REPLY).
  local function of_key(name)
    local wanted = name:gsub("^%-%-", ""):gsub("-", "_"):gsub("^WEMOON_", ""):lower()
    for _, key in ipairs(repl.settings.keys or {}) do
      if key.name == wanted then
        local default = key.default and (chinese() and "（%s）" or " (%s)"):format(key.default) or ""
        return paint.text("bold", "config " .. key.name) .. "\n" .. repl.fitted((chinese() and words.keys[key.name] or key.help) .. default, 0)
      end
    end
  end

  -- A command of wemoon's own, "wemoon send".
  local function of_command(topic)
    for _, command in ipairs(repl.settings.commands or {}) do
      if topic == "wemoon " .. command.name then
        local zh = chinese() and commands_zh[command.name] or {}
        local text = ((zh.details or command.details) .. command.more):gsub("\n$", "")
          :gsub("[^\n]+", function(line) return line:find("^ ") and line or repl.fitted(line, 0) end)
        local title = paint.text("bold", ("%s %s"):format(topic, command.usage)) .. "\n" .. repl.fitted(zh.summary or command.summary, 0)
        return title .. (text ~= "" and "\n" .. text or "")
      end
    end
  end

  -- The metrics with their Chinese, which the desk's page has.
  local function metrics()
    local zh = {}
    for name, text in (repl.host.file.embedded("desk/figures_zh.js") or ""):gmatch("\n  ([%w_]+): '([^'\n]*)'") do zh[name] = text end
    for _, metric in ipairs(repl.settings.metrics or {}) do metric.zh = zh[metric.name] end
    return repl.settings.metrics
  end

  local function of_name(name)
    local _ = repl.wechat.call -- reads the methods that call the platform
    if catalogue.endpoint(name) then return of_endpoint(catalogue.endpoint(name)) end
    local entry = repl.host.args.methods[name]
    if entry then return of_menu_method(name) or of_method(name, entry) end
    if catalogue.has_group(name) then return of_group(name) end
    return of_table(name) or in_modules(name)
  end

  -- The whole entry of a row that the search found, "wechat.sleep", "config late_text"; nil of one that is all in its
  -- line.
  local function of_row(name) return of_command(name) or of_name((name:gsub("^wechat%.", ""))) or of_key((name:gsub("^config ", ""))) end

  -- Searches for a word in names and documentation, English and Chinese. `known`: all that it names as a whole, no
  -- more.
  local function search(word, known)
    local about = { keys = repl.settings.keys or {}, commands = repl.settings.commands or {}, metrics = metrics(), lang = repl.settings.lang, whole = known ~= nil }
    local lines, count, only = {}, 0, nil
    for _, row in ipairs(reference.search(repl.host.args.methods, word, about)) do
      if not known or not known:find(row[1], 1, true) then
        count, only = count + 1, row[1]
        if count <= SHOWN then lines[count] = repl.fitted(("  %s  %s"):format(paint.text("name", row[1]), row[2]), 4) end
      end
    end
    if count > SHOWN then lines[#lines + 1] = ("  " .. say "more"):format(count - SHOWN) end
    local entry = count == 1 and not known and of_row(only)
    return entry or #lines > 0 and table.concat(lines, "\n") or nil
  end

  local function add_commands_and_keys(names)
    for _, key in ipairs(repl.settings.keys or {}) do names[#names + 1] = key.name end
    for _, command in ipairs(repl.settings.commands or {}) do names[#names + 1] = "wemoon " .. command.name end
    for _, row in ipairs(reference.menu_methods) do names[#names + 1] = "menu:" .. row.name end
    for _, field in ipairs(reference.message_fields()) do names[#names + 1] = "msg." .. field[1] end
    for _, module in ipairs(reference.modules) do
      for _, row in ipairs(module.rows) do names[#names + 1] = row[1]:match("^[%w_.:]+") end
    end
  end

  -- The name that is meant; nil if none is near.
  local function nearest_name(name)
    local names = reference.method_names(repl.host.args.methods)
    add_commands_and_keys(names)
    for _, group in ipairs(catalogue.groups) do
      names[#names + 1] = group
      local _, endpoints = catalogue.group(group)
      for _, endpoint in ipairs(endpoints) do names[#names + 1] = group .. "." .. endpoint end
    end
    return nearest(name, names)
  end

  --- Returns the help text; nil and the nearest name, if there is one, if the name is unknown.
  ---@param topic string "wechat.tag.create", "tag", "create_menu", "late_reply"
  return function(topic)
    local name = topic:gsub("^wechat%.", "")
    -- a series of a metric, as /metrics has it
    if name:find("^wemoon_") then name = name:gsub("{.*", ""):gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "") end
    if name == "" then return nil end -- every word has it
    local known = {}
    local function add(text) known[#known + 1] = text end
    add(of_command(topic))
    add(of_name(name))
    add(of_key(topic))
    if #known > 0 then
      add(search(name, table.concat(known, "\n")))
      return table.concat(known, "\n")
    end
    local lines = {}
    for _, group in ipairs(catalogue.groups) do
      if group:sub(1, #name + 1) == name .. "." then lines[#lines + 1] = "  wechat." .. group end
    end
    if #lines == 0 then
      local found = search(name)
      return found, not found and nearest_name(name) or nil
    end
    return say "groups" .. "\n" .. table.concat(lines, "\n")
  end
end
