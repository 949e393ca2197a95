-- `.help NAME`: describes a method or group, from the catalogue and the methods' own documentation.

local catalogue = require "wechat.catalogue"
local reference = require "docs.reference"

local SHOWN = 30

return function(repl)
  local paint = repl.paint

  local function describe_field(field)
    local need = field.required and "needed" or field.value and ("filled in: " .. tostring(field.value)) or ""
    local words = field.choices and table.concat(field.choices, "|") .. " " .. field.words or field.words
    return ("  %s %s  %s"):format(paint.text("name", field.path), field.type, (need .. " " .. words):match("^%s*(.-)%s*$"))
  end

  local function add_fields(lines, title, fields)
    if #fields == 0 then return end
    lines[#lines + 1] = title
    for _, field in ipairs(fields) do lines[#lines + 1] = describe_field(field) end
  end

  local function of_endpoint(endpoint)
    local lines = {
      paint.text("bold", ("wechat.%s{...}"):format(endpoint.name)), endpoint.doc, paint.text("faint", endpoint.verb .. " " .. endpoint.path),
    }
    add_fields(lines, "query:", endpoint.query)
    add_fields(lines, "body:", endpoint.body)
    add_fields(lines, "returns:", endpoint.returns)
    if endpoint.note then lines[#lines + 1] = endpoint.note end
    if endpoint.status then lines[#lines + 1] = "This one is " .. endpoint.status .. " by the platform." end
    return table.concat(lines, "\n")
  end

  local function of_method(name, entry)
    local arguments = {}
    for i, parameter in ipairs(entry.parameters or {}) do
      arguments[i] = parameter[2]:find("?", 1, true) and "[" .. parameter[1] .. "]" or parameter[1]
    end
    local lines = { paint.text("bold", ("wechat.%s(%s)"):format(name, table.concat(arguments, ", "))), entry.doc }
    for _, parameter in ipairs(entry.parameters or {}) do
      lines[#lines + 1] = ("  %s %s  %s"):format(paint.text("name", parameter[1]), parameter[2]:gsub("%?", ""), parameter[3] or "")
    end
    return table.concat(lines, "\n")
  end

  local function of_group(group)
    local about, names = catalogue.group(group)
    local lines = { paint.text("bold", "wechat." .. group), about }
    for _, name in ipairs(names) do
      local doc = catalogue.find(group, name).doc
      lines[#lines + 1] = "  " .. paint.text("name", name) .. "  " .. doc
    end
    return table.concat(lines, "\n")
  end

  -- Searches for a word in names and documentation, English and Chinese.
  local function search(word)
    local found = reference.search(repl.host.args.methods, word)
    if #found == 0 then return nil end
    local lines = {}
    for i = 1, math.min(#found, SHOWN) do lines[i] = ("  %s  %s"):format(paint.text("name", found[i][1]), found[i][2]) end
    if #found > SHOWN then lines[#lines + 1] = ("  ... and %d more"):format(#found - SHOWN) end
    return table.concat(lines, "\n")
  end

  --- Returns the help text; nil if the name is unknown.
  ---@param topic string "wechat.tag.create", "tag", "create_menu"
  return function(topic)
    local name = topic:gsub("^wechat%.", "")
    local _ = repl.wechat.call -- reads the methods that call the platform
    if catalogue.endpoint(name) then return of_endpoint(catalogue.endpoint(name)) end
    local entry = repl.host.args.methods[name]
    if entry then return of_method(name, entry) end
    if catalogue.has_group(name) then return of_group(name) end
    local lines = {}
    for _, group in ipairs(catalogue.groups) do
      if group:sub(1, #name + 1) == name .. "." then lines[#lines + 1] = "  wechat." .. group end
    end
    if #lines == 0 then return search(name) end
    if #lines > 0 then return "groups:\n" .. table.concat(lines, "\n") end
  end
end
