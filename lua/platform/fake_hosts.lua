-- Other hosts, as a spec wants them: what the bot asks of them by wechat.http is answered here.

return function(p, host, control)
  local answers, asked = {}, host.json.array {}

  --- POST /sim/outside_answer {url, status?, headers?, body?}: the newest whose url is the request's beginning counts.
  control["POST /sim/outside_answer"] = function(request)
    table.insert(answers, 1, request.json)
    return { json = { ok = true } }
  end

  control["GET /sim/outside_requests"] = function() return { json = asked } end

  p.on_reset(function() answers, asked = {}, host.json.array {} end)

  return function(request)
    local url = request.headers["x-outside-url"] or ""
    asked[#asked + 1] = { method = request.method, url = url, body = request.body, time = p.clock() }
    for _, answer in ipairs(answers) do
      if url:sub(1, #answer.url) == answer.url then
        if answer.delay then host.time.sleep(answer.delay) end
        return { status = answer.status or 200, headers = answer.headers, body = answer.body or "" }
      end
    end
    return { status = 502, body = "the spec has no answer for " .. url }
  end
end
