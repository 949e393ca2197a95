-- Stands in for other hosts in specs: answers the bot's wechat.http requests.

return function(p, host, control)
  local answers, asked = {}, host.json.array {}

  --- POST /sim/outside_answer {url, status?, headers?, body?, stream?, pause?}: answers requests whose URL begins
  --- with `url`; the newest match wins. `stream` is a list of texts, written `pause` seconds apart.
  control["POST /sim/outside_answer"] = function(request)
    table.insert(answers, 1, request.json)
    return { json = { ok = true } }
  end

  control["GET /sim/outside_requests"] = function() return { json = asked } end

  p.on_reset(function() answers, asked = {}, host.json.array {} end)

  local function answer_to(url)
    for _, answer in ipairs(answers) do
      if url:sub(1, #answer.url) == answer.url then return answer end
    end
  end

  local function writer(answer)
    return function(send)
      for i, text in ipairs(answer.stream) do
        if i > 1 and answer.pause then host.time.sleep(answer.pause) end
        if not send(text) then return end
      end
    end
  end

  return function(request)
    local probed = request.headers["x-outside-probe"]
    if probed then return { status = answer_to(probed) and 204 or 404, body = "" } end
    local url = request.headers["x-outside-url"] or ""
    asked[#asked + 1] = { method = request.method, url = url, body = request.body, time = p.clock() }
    local answer = answer_to(url)
    if answer then
      if answer.delay then host.time.sleep(answer.delay) end
      local written = answer.stream and writer(answer)
      return { status = answer.status or 200, headers = answer.headers, stream = written, body = not written and (answer.body or "") or nil }
    end
    return { status = 502, body = "the spec has no answer for " .. url }
  end
end
