-- The API calls that .trace shows: the simulated platform's recorded calls, or on the real platform the prompt's own.

return function(repl)
  local wechat, host, paint = repl.wechat, repl.host, repl.paint
  local last, lines, wrapped = 0, {}, false
  local trace = {}

  local function shown(value)
    if value == nil or value == "" or type(value) == "table" and next(value) == nil then return "" end
    return " " .. (type(value) == "string" and value or host.json.encode_lossy(value))
  end

  local function add(name, status, query, body, answer)
    lines[#lines + 1] = paint.text("faint", paint.safe(("API %s %s"):format(name, status)))
    lines[#lines + 1] = paint.text("faint", paint.safe(("  ⇒%s%s"):format(shown(query), shown(body))))
    lines[#lines + 1] = paint.text("faint", paint.safe(("  ⇐%s"):format(shown(answer))))
  end

  local function new_calls()
    local answer = wechat.http.get(repl.settings.sim .. "/sim/calls?after=" .. last)
    return answer and answer.status == 200 and host.json.decode(answer.body) or {}
  end

  local secret = { secret = true, appsecret = true, access_token = true }

  local function masked(fields)
    if type(fields) ~= "table" then return fields end
    local out = {}
    for name, value in pairs(fields) do out[name] = secret[name] and "…" or value end
    return out
  end

  -- On the real platform: records the calls of this interpreter.
  local function wrap()
    if wrapped then return end
    wrapped = true
    local call = host.api.call
    host.api.call = function(request, ...)
      local results = table.pack(call(request, ...))
      if repl.tracing then
        local answer = results[1] == nil and tostring(results[2]) or masked(results[1])
        add(request.method or request.name or request.path or "?", results[1] == nil and "failed" or "ok", masked(request.query), masked(request.body), answer)
      end
      return table.unpack(results, 1, results.n)
    end
  end

  --- Starts tracing: calls from now on are shown.
  function trace.start()
    if repl.settings.real ~= "" then return wrap() end
    local calls = new_calls()
    if #calls > 0 then last = calls[#calls].id end
  end

  --- Returns the calls since the last call of take, as lines.
  function trace.take()
    if repl.settings.real == "" then
      for _, call in ipairs(new_calls()) do
        last = call.id
        add(call.name or call.path, call.status, call.query, call.body, call.answer)
      end
    end
    local text = table.concat(lines, "\n")
    lines = {}
    return text
  end

  return trace
end
