-- Evaluates an input as Lua: prints an expression, runs a statement, requests more for an unfinished input.

local INPUTS_KEPT = 1000

return function(repl)
  local paint = repl.paint
  local inputs, count = {}, 0 -- of this session: an error may be in a function of an earlier input

  local function is_unfinished(fault) return fault:find("<eof>['\"]?$") ~= nil or fault:find("unfinished long") ~= nil end

  -- Returns the line of the input that an error names, with a caret below the name at fault.
  local function point_at(input, number, message)
    local lines = {}
    for line in (input .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
    local line = lines[number]
    if not line then return "" end
    local about = message:match("near '([^']+)'") or message:match("%(%a+ '([^']+)'%)") or message:match("%(field '([^']+)'%)")
    local from = about and about ~= "<eof>" and line:find(about, 1, true)
    local text = "  " .. line .. "\n"
    if not from then return text end
    local before = line:sub(1, from - 1)
    return text .. "  " .. (" "):rep(paint.width(before)) .. paint.text("bad", ("^"):rep(math.max(1, paint.width(about)))) .. "\n"
  end

  -- `hint`: what is known of the fault.
  local function describe(fault, trace, hint)
    local text = type(fault) == "table" and getmetatable(fault) == nil and repl.print(fault) or paint.safe(tostring(fault))
    local which, number, message = text:match("^input (%d+):(%d+): (.*)$")
    local input = number and inputs[tonumber(which)] or ""
    local why = hint or input ~= "" and repl.host.stdlib.why_nil(message, input)
    local shown = repl.error(message or text) .. (why and ": " .. why or "") .. "\n"
    if number then shown = shown .. point_at(input, tonumber(number), message) end
    return shown .. (trace or "")
  end

  -- Returns the stack trace from the innermost frame of the script or input; the prompt's own frames are omitted.
  local function trace_of(level)
    local lines = {}
    for line in debug.traceback("", level):gmatch("[^\n]+") do
      if line:find("[wemoon]/repl/", 1, true) then break end
      if line:find("^%s+%S") and not line:find("[C]: in function 'error'", 1, true) and not line:find("[wemoon]/", 1, true) then
        lines[#lines + 1] = "  " .. line:gsub("^%s+", "")
      end
    end
    while lines[#lines] and lines[#lines]:find("[C]: in", 1, true) do lines[#lines] = nil end
    if #lines < 2 then return "" end
    return paint.text("faint", table.concat(lines, "\n")) .. "\n"
  end

  -- Removes `local`: a local of one input would be undefined in the next, so it becomes a global.
  local function without_local(input)
    local name = input:match("^%s*local%s+function%s+([%a_][%w_]*)")
    if name then return (input:gsub("local%s+", "", 1)) end
    local names, rest = input:match("^%s*local%s+([%a_][%w_, ]*)%s*(.*)$")
    if not names then return input end
    if rest == "" then return names .. " = nil" end
    return rest:sub(1, 1) == "=" and (input:gsub("local%s+", "", 1)) or input
  end

  local function compile(input)
    local name = "=input " .. count + 1
    local chunk, as_value = load("return " .. input, name, "t", repl.env)
    if chunk then return chunk end
    local as_statement
    chunk, as_statement = load(without_local(input), name, "t", repl.env)
    if chunk then return chunk end
    return nil, is_unfinished(as_value) and as_value or as_statement
  end

  local function show_results(results)
    if results.n == 0 then return "" end
    repl.env._ = results[1]
    if results[1] == nil and results.n > 1 then
      repl.env._ = results[2] -- the error is the value to inspect next
      return paint.text("bad", "nil, ") .. repl.print(results[2])
    end
    local shown = {}
    for i = 1, results.n do shown[i] = repl.print(results[i]) end
    return table.concat(shown, "\n")
  end

  --- Runs an input; returns its outcome and the text to print.
  ---@return "done"|"failed"|"more" word
  ---@return string text
  return function(input)
    local chunk, fault = compile(input)
    if not chunk and is_unfinished(fault) then return "more", "" end
    count = count + 1
    inputs[count] = input
    inputs[count - INPUTS_KEPT] = nil
    if not chunk then return "failed", describe(fault, nil, repl.host.stdlib.syntax_hint(fault)) end
    local trace
    local results = table.pack(xpcall(chunk, function(raised)
      trace = trace_of(2)
      return raised == nil and "nil" or raised
    end))
    if not results[1] then return "failed", describe(results[2], trace) end
    if not repl.bot then repl.typed[#repl.typed + 1] = input end
    local text = show_results(table.pack(table.unpack(results, 2, results.n)))
    local failed = results.n > 2 and results[2] == nil and results[3] ~= nil
    return failed and "failed" or "done", text
  end
end
