-- Callbacks by the book: signed and, as the account has it, sealed; 5 seconds to answer, three tries with the
-- same MsgId and a new signature; the notice in the chat when nothing good came back.

local WAIT_S, TRIES, PAUSE_S = 5, 3, 0.2
local TEXT_MAX = 2048
local TRACE_KEPT = 200
local NOTICE = "该公众号提供的服务出现故障，请稍后再试"

return function(p, host)
  local wechat = wechat
  p.trace = host.json.array {}
  local under_way, next_id = {}, 0

  -- ---- the trace ----

  local function as_table(fields)
    local values = {}
    for _, field in ipairs(fields) do
      local name, value = field[1], field[2]
      values[name] = type(value) == "table" and as_table(value) or value
    end
    return values
  end

  local function summary(fields)
    local values = as_table(fields)
    if values.MsgType ~= "event" then return values.MsgType, values.Content or values.MediaId or values.Label or values.Url or "" end
    return values.Event, values.EventKey or ""
  end

  local function begin(openid, fields)
    next_id = next_id + 1
    local kind, text = summary(fields)
    local item = {
      id = next_id, time = p.clock(), openid = openid, kind = kind, summary = tostring(text),
      tries = host.json.array {}, calls = host.json.array {}, fields = as_table(fields),
    }
    p.trace[#p.trace + 1] = item
    if #p.trace > TRACE_KEPT then table.remove(p.trace, 1) end
    under_way[item] = true
    p.emit("trace", item)
    return item
  end

  local function finish(item, outcome)
    under_way[item] = nil
    item.outcome = outcome
    item.ms = (p.clock() - item.time) * 1000 // 1 | 0
    p.emit("trace", item)
  end

  --- A call of the API came meanwhile: it is shown with what it may belong to.
  function p.trace_call(call)
    for item in pairs(under_way) do
      item.calls[#item.calls + 1] = { id = call.id, name = call.name or call.path, status = call.status }
    end
  end

  -- ---- replies: what the platform takes, and what the user sees of it ----

  local function text_of(value) return type(value) == "string" and value or "" end

  local function media(kind, element)
    return function(reply)
      local part = reply[element]
      local id = type(part) == "table" and text_of(part.MediaId) or ""
      if id == "" then return nil, ("a %s needs %s.MediaId"):format(kind, element) end
      return {
        kind = kind, media_id = id, url = p.media_url(id),
        title = part.Title, description = part.Description,
      }
    end
  end

  local replies = {
    image = media("image", "Image"),
    voice = media("voice", "Voice"),
    video = media("video", "Video"),
  }

  function replies.text(reply)
    local content = text_of(reply.Content)
    if content == "" then return nil, "a text needs Content" end
    if #content > TEXT_MAX then
      return nil, ("a text of %d bytes: the platform takes %d"):format(#content, TEXT_MAX)
    end
    return { kind = "text", content = content }
  end

  -- What is wrong with an opened reply, or its entry.
  local function read_reply(item, reply)
    if text_of(reply.ToUserName) ~= item.openid then
      return nil, ("ToUserName is '%s', and the message came from %s"):format(text_of(reply.ToUserName), item.openid)
    end
    local read = replies[text_of(reply.MsgType)]
    if not read then return nil, ("there is no reply of MsgType '%s'"):format(text_of(reply.MsgType)) end
    return read(reply)
  end

  -- ---- one try ----

  local function post(item, document, number)
    local try = { n = number, request = document }
    item.tries[#item.tries + 1] = try
    local began = p.clock()
    local url, body = host.courier.post(document, p.account.original_id, item.openid, tostring(p.now()),
      tostring(math.random(100000000, 2147483647)), p.callback)
    local answer, err
    if p.faults.network then
      err = { errmsg = "the network is gone (a fault that is switched on)" }
    else
      answer, err = wechat.http.request {
        method = "POST", url = url, body = body, timeout = WAIT_S,
        headers = { ["Content-Type"] = "text/xml", ["User-Agent"] = "Mozilla/4.0", Pragma = "no-cache" },
      }
    end
    try.ms = (p.clock() - began) * 1000 // 1 | 0
    if answer then
      try.status, try.reply = answer.status, answer.body
      if answer.status ~= 200 then try.error = ("the bot answered with status %d"):format(answer.status) end
    else
      try.error = err.errmsg
    end
    return try
  end

  local function take_reply(item, try)
    local reply, document, why = host.courier.open(try.reply)
    if why then return nil, why end
    if not reply then return false end
    try.reply, item.replied = document, document
    return read_reply(item, reply)
  end

  -- ---- the whole way ----

  local function with_head(openid, fields)
    local document = {
      { "ToUserName", p.account.original_id },
      { "FromUserName", openid },
      { "CreateTime", p.now() },
    }
    table.move(fields, 1, #fields, #document + 1, document)
    return document
  end

  local function fail(item, try, why)
    try.error = try.error or why
    p.chat(item.openid, { from = "system", via = "notice", kind = "notice", text = NOTICE })
    finish(item, "failed")
  end

  --- Delivers a message or event and waits for the end of it. `fields`: a list of {name, value} from MsgType on.
  ---@return table item of the trace
  function p.deliver(openid, fields)
    fields = with_head(openid, fields)
    local item = begin(openid, fields)
    if p.callback == "" then
      finish(item, "success")
      return item
    end
    local document = host.courier.compose(fields)
    local try
    for number = 1, TRIES do
      if number > 1 then host.time.sleep(PAUSE_S) end
      try = post(item, document, number)
      if not try.error then break end
      p.emit("trace", item)
    end
    if try.error then
      fail(item, try)
      return item
    end
    local entry, why = take_reply(item, try)
    if why then
      fail(item, try, why)
    elseif not entry then
      item.replied = try.reply
      finish(item, "success")
    else
      entry.from, entry.via = "account", "passive"
      p.chat(openid, entry)
      finish(item, "replied")
    end
    return item
  end

  --- Delivers an event that the platform itself causes, soon and not waited for. `fields`: by the platform's
  --- names, Event among them; an element's value may be a table of elements, or a list of what is repeated.
  function p.push(openid, fields)
    local list, names = { { "MsgType", fields.MsgType or "event" }, { "Event", fields.Event } }, {}
    for name in pairs(fields) do
      if name ~= "MsgType" and name ~= "Event" then names[#names + 1] = name end
    end
    table.sort(names)
    local function add(into, name, value)
      if type(value) ~= "table" then
        into[#into + 1] = { name, value }
      elseif #value > 0 then
        for _, one in ipairs(value) do add(into, name, one) end
      else
        local children, keys = {}, {}
        for key in pairs(value) do keys[#keys + 1] = key end
        table.sort(keys)
        for _, key in ipairs(keys) do add(children, key, value[key]) end
        into[#into + 1] = { name, children }
      end
    end
    for _, name in ipairs(names) do add(list, name, fields[name]) end
    p.after(0.02, function() p.deliver(openid, list) end)
  end
end
