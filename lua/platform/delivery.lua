-- Delivers callbacks as the platform documents them: signed and, depending on the account's mode, encrypted; 5 seconds
-- for an answer, three tries with the same MsgId and a new signature; a notice in the chat if every try fails.

local account_kinds = require "platform.account_kinds"
local document_of = require("platform.document").compose
local misread = require "wechat.misread"

local WAIT_S, TRIES, PAUSE_S = 5, 3, 0.2
local TRACE_KEPT = 200
local OWN_KEPT = 2000 -- documents
local KNOWN_S = 60     -- how long a message sent by another program is remembered
local NOTICE = "该公众号暂时无法提供服务，请稍后再试"

return function(p, host)
  local wechat = wechat
  p.trace = host.json.array {}
  local under_way, next_id = {}, p.first_id

  -- ---- trace ----

  -- The desk's JavaScript reads integers exactly only up to 53 bits.
  local function exact(value)
    local is_long = math.type(value) == "integer" and math.abs(value) > 1 << 53
    return is_long and tostring(value) or value
  end

  local function as_table(fields)
    if type(fields) ~= "table" then return { document = fields } end
    local values = {}
    for _, field in ipairs(fields) do
      local name, value = field[1], field[2]
      values[name] = type(value) == "table" and as_table(value) or exact(value)
    end
    return values
  end

  -- What a script finds in `msg` beside the platform's own names, which begin with a capital.
  local function names_of(document)
    local names, message = {}, host.callback.message(document)
    for name, value in pairs(message or {}) do
      if name ~= "raw" and name:find("^%l") then names[name] = exact(value) end
    end
    return names
  end

  local function summary(values)
    if values.document then return "xml", "" end
    if values.MsgType == "event" then return values.Event, values.EventKey or "" end
    return values.MsgType, values.Content or values.MediaId or values.Label or values.Url or ""
  end

  -- Adds a trace item. `values`: a message as as_table returns it.
  local function begin(openid, values)
    next_id = next_id + 1
    local kind, text = summary(values)
    local item = {
      id = next_id, time = p.clock(), openid = openid, kind = kind, summary = tostring(text),
      is_event = values.MsgType == "event" or nil,
      tries = host.json.array {}, calls = host.json.array {}, fields = values,
    }
    p.trace[#p.trace + 1] = item
    if #p.trace > TRACE_KEPT then table.remove(p.trace, 1) end
    under_way[item] = true
    p.emit("trace", item)
    return item
  end

  local function finish(item, outcome)
    under_way[item] = nil
    item.outcome = item.script_error and "failed" or outcome
    item.ms = (p.clock() - item.time) * 1000 // 1 | 0
    p.emit("trace", item)
  end

  -- Returns the item that a script error belongs to: the user's oldest one in progress, or else the last; nil if none.
  local function failed_item(openid)
    local last
    for _, item in ipairs(p.trace) do
      if item.openid == openid and not item.script_error then
        if under_way[item] then return item end
        last = item
      end
    end
    return last
  end

  --- Records that the bot's script raised an error while handling a message of that user: in the chat, the trace row
  --- and the header. On a real phone the user sees nothing of the error.
  function p.script_failed(openid, text)
    local item = failed_item(openid)
    if not item then return end
    item.script_error = text
    if item.outcome then item.outcome = "failed" end
    p.emit("trace", item)
    p.chat(openid, { from = "script", via = "notice", kind = "script_error", text = text })
  end

  --- Adds an API call to every delivery in progress, because it may belong to any of them.
  function p.trace_call(call)
    for item in pairs(under_way) do
      item.calls[#item.calls + 1] = { id = call.id, name = call.name or call.path, status = call.status }
    end
  end

  local function text_of(entry)
    local first = type(entry.articles) == "table" and entry.articles[1] or {}
    return entry.content or entry.title or entry.head or first.title or entry.media_id or entry.account
  end

  -- Adds a chat entry to the parts of a message's answer. `via`: "passive", or "custom" for a customer service message.
  local function add_part(item, entry)
    item.parts = item.parts or host.json.array {}
    item.parts[#item.parts + 1] = { via = entry.via, kind = entry.kind, time = entry.time, text = text_of(entry) }
  end

  -- ---- delivery attempt ----

  local function send(document, openid)
    if p.faults.network then return nil, "the network is down (a fault that is switched on)" end
    local url, body = host.callback.post(document, p.account.original_id, openid, tostring(p.now()),
      tostring(math.random(100000000, 2147483647)), p.callback)
    local answer, err = wechat.http.request {
      method = "POST", url = url, body = body, timeout = WAIT_S,
      headers = { ["Content-Type"] = "text/xml", ["User-Agent"] = "Mozilla/4.0", Pragma = "no-cache" },
    }
    return answer, err and err.errmsg, url:match("%?(.*)$")
  end

  -- The last OWN_KEPT posted documents: identifies the platform's own messages when the bot's process reports them.
  local own, posted, last_posted = {}, {}, 0

  local function note_own(document)
    if own[document] then return end
    last_posted = last_posted % OWN_KEPT + 1
    if posted[last_posted] then own[posted[last_posted]] = nil end
    posted[last_posted], own[document] = document, true
  end

  local function post(item, document, try)
    note_own(document)
    item.tries[#item.tries + 1] = try
    try.n, try.request = #item.tries, document
    local began = p.clock()
    item.names = item.names or names_of(document)
    local answer, why, query = send(document, item.openid)
    try.query = query
    try.ms = (p.clock() - began) * 1000 // 1 | 0
    if not answer then
      try.error = why
    else
      try.status, try.reply = answer.status, answer.body
      if answer.status ~= 200 then try.error = ("the bot answered with status %d"):format(answer.status) end
    end
    return try
  end

  -- Posts the same message again, concurrently; the second reply is not shown.
  local function post_again(item, document)
    p.after(0.01, function()
      post(item, document, { duplicate = true })
      p.emit("trace", item)
    end)
  end

  -- ---- messages from another program (wemoon send) ----

  local foreign = {}    -- set of known documents: a retry of one is not a new message
  local unanswered = {} -- their trace items, in order of arrival

  local kinds = {
    text = function(values) return { kind = "text", content = values.Content } end,
    image = function(values) return { kind = "image", media_id = values.MediaId, url = values.PicUrl } end,
    voice = function(values) return { kind = "voice", media_id = values.MediaId, recognition = values.Recognition } end,
    location = function(values)
      return { kind = "location", latitude = tonumber(values.Location_X), longitude = tonumber(values.Location_Y), label = values.Label }
    end,
    link = function(values) return { kind = "link", title = values.Title, description = values.Description, url = values.Url } end,
    event = function(values) return { kind = "event", name = values.Event } end,
  }

  --- Returns the chat entry for a message's elements. It is played again by its document: the trace forgets it.
  function p.entry_of(values, document)
    local make = kinds[values.MsgType]
    local entry = make and make(values) or { kind = values.MsgType, media_id = values.MediaId }
    entry.from, entry.via, entry.act = "user", "message", { act = "resend", document = document }
    if values.ThumbMediaId and p.media(values.ThumbMediaId) then entry.thumb_url = p.media_url(values.ThumbMediaId) end
    return entry
  end

  local function end_foreign(item, reply)
    if item.outcome then return end
    for i, one in ipairs(unanswered) do
      if one == item then table.remove(unanswered, i) break end
    end
    local try = item.tries[1]
    try.status, try.ms, try.reply = 200, (p.clock() - item.time) * 1000 // 1 | 0, reply ~= "" and reply or "success"
    local elements = reply ~= "" and host.callback.read(reply)
    local entry = elements and p.read_reply(item, elements)
    if not entry then return finish(item, "success") end
    item.replied = reply
    entry.from, entry.via = entry.from or "account", "passive"
    add_part(item, p.chat(item.openid, entry))
    finish(item, "replied")
  end

  --- Records a message that reached the bot of this process. A message from another program is shown as its user's;
  --- that user follows from now on and may be written to.
  function p.take_arrived(document)
    if own[document] or foreign[document] then return end
    local values = host.callback.read(document)
    if not values or type(values.FromUserName) ~= "string" then return end
    local user = p.user_of(values.FromUserName)
    user.last_act, user.last_act_time = "say", p.now()
    if values.Event == "unsubscribe" then user.subscribed = false
    elseif not user.subscribed then user.subscribed = true end
    p.chat(user.openid, p.entry_of(values, document))
    local item = begin(user.openid, values)
    item.note = "sent by another program"
    item.tries[1], item.names = { n = 1, request = document }, names_of(document)
    foreign[document] = true
    p.after(KNOWN_S, function() foreign[document] = nil end)
    unanswered[#unanswered + 1] = item
    p.after(WAIT_S, function() end_foreign(item, "") end)
  end

  --- Records the bot's reply to a message of that user; "" for `success`.
  function p.take_answered(openid, reply)
    for _, item in ipairs(unanswered) do
      if item.openid == openid then return end_foreign(item, reply) end
    end
  end

  local function take_reply(item, try)
    local reply, document, why = host.callback.open(try.reply)
    if why then return nil, why end
    if not reply then return false end
    try.reply, item.replied = document, document
    return p.read_reply(item, reply)
  end

  -- ---- delivery ----

  local function value_of(fields, name)
    for _, field in ipairs(fields) do
      if field[1] == name then return field[2] end
    end
  end

  local seconds = {} -- by openid: the last CreateTime of each event, if not in the past

  -- Returns the CreateTime of a message or event. Events are deduplicated by sender, second, name and key, so an
  -- equal event within the same second gets the next free second.
  function p.create_time(openid, fields)
    local now, event, key = p.now(), value_of(fields, "Event"), value_of(fields, "EventKey")
    if not event then return now end
    local mine = seconds[openid] or {}
    seconds[openid] = mine
    for name, time in pairs(mine) do
      if time < now then mine[name] = nil end
    end
    local name = type(key) == "string" and key ~= "" and event .. "\n" .. key or document_of(fields)
    mine[name] = mine[name] and mine[name] + 1 or now
    return mine[name]
  end

  local function with_head(openid, fields)
    local document = {
      { "ToUserName", p.account.original_id },
      { "FromUserName", openid },
      { "CreateTime", p.create_time(openid, fields) },
    }
    table.move(fields, 1, #fields, #document + 1, document)
    return document
  end

  local function fail(item, try, why)
    try.error = try.error or why
    p.note_failed_delivery()
    p.chat(item.openid, { from = "system", via = "notice", kind = "notice", text = NOTICE })
    finish(item, "failed")
  end

  -- Returns the fields of a subscribe event without its scene: the account cannot create QR codes.
  local function without_scene(fields)
    local list = {}
    for _, field in ipairs(fields) do
      if field[1] == "EventKey" then list[#list + 1] = { "EventKey", "" }
      elseif field[1] ~= "Ticket" then list[#list + 1] = field end
    end
    return list
  end

  -- Returns the fields that an account of this kind receives; nil and the reason if it does not receive the event.
  local function heard(fields)
    local event = type(fields) == "table" and value_of(fields, "MsgType") == "event" and value_of(fields, "Event")
    if not event or not p.account_kind then return fields end
    if not account_kinds.hears(p.account_kind, event) then
      return nil, ("an account of the kind '%s' gets no %s"):format(p.account_kind, event)
    end
    local scans = account_kinds.hears(p.account_kind, "SCAN")
    return event == "subscribe" and not scans and without_scene(fields) or fields
  end

  --- Delivers a message or event and waits until the delivery ends. `fields`: a list of {name, value} from MsgType
  --- on, or a whole document; `values`: the document's elements, if known; `pushed`: the platform caused the event, not
  --- the user.
  ---@return table item of the trace
  function p.deliver(openid, fields, values, pushed)
    local told, unheard = heard(fields)
    fields = told or fields
    if type(fields) == "table" then fields = with_head(openid, fields) end
    local item = begin(openid, values or as_table(fields))
    item.pushed = pushed
    if unheard then
      item.note = unheard
      finish(item, "success")
      return item
    end
    if p.callback == "" then
      item.note = "there is no bot: start wemoon dev with BOT.lua or --callback URL"
      finish(item, "success")
      return item
    end
    local document = type(fields) == "table" and document_of(fields) or fields
    p.verify_if_needed()
    if p.faults.twice then post_again(item, document) end
    local try = post(item, document, {})
    for _ = 2, TRIES do
      if not try.error then break end
      p.emit("trace", item)
      host.time.sleep(PAUSE_S)
      try = post(item, document, {})
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
      entry.from, entry.via = entry.from or "account", "passive"
      add_part(item, p.chat(openid, entry))
      finish(item, "replied")
    end
    return item
  end

  -- Within this time after a `success`, a customer service message counts as a late answer.
  local LATE_S = 300

  --- Adds a customer service message to the answer of the user's last message, which is late if the reply was
  --- `success`.
  function p.trace_entry(openid, entry)
    if entry.via ~= "custom" or entry.kind == "typing" then return end
    for i = #p.trace, 1, -1 do
      local item = p.trace[i]
      if p.clock() - item.time > LATE_S then return end
      if item.openid == openid and not item.pushed then
        add_part(item, entry)
        if item.outcome == "success" then item.outcome = "late" end
        return p.emit("trace", item)
      end
    end
  end

  local function add(into, name, value)
    if type(value) ~= "table" then
      into[#into + 1] = { name, value }
    elseif #value > 0 then
      for _, one in ipairs(value) do add(into, name, one) end
    else
      into[#into + 1] = { name, p.elements(value) }
    end
  end

  --- Returns a list of elements from a table of values by name, sorted by name. A value may be a table of elements,
  --- or a list for a repeated element.
  function p.elements(fields)
    local list = {}
    for _, name in ipairs(misread.names(fields)) do add(list, name, fields[name]) end
    return list
  end

  --- Delivers an event that the platform itself causes; returns before the delivery. `fields`: values by the
  --- platform's names, including Event, as p.elements takes them; or a list of elements as p.deliver takes it.
  function p.push(openid, fields)
    if fields[1] then
      p.after(0.02, function() p.deliver(openid, fields, nil, true) end)
      return
    end
    local rest = {}
    for name, value in pairs(fields) do rest[name] = value end
    rest.MsgType, rest.Event = nil, nil
    local list = p.elements(rest)
    table.insert(list, 1, { "MsgType", fields.MsgType or "event" })
    table.insert(list, 2, { "Event", fields.Event })
    p.after(0.02, function() p.deliver(openid, list, nil, true) end)
  end

  p.on_reset(function() p.trace = host.json.array {} end)
end
