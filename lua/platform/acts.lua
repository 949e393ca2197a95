-- Performs users' acts and builds the bot's messages and events for them: messages, events, menu taps.

local ACT_SCALE = 16

return function(p, host)
  local last_msg_id = 0

  local function message_id()
    local now = (p.clock() * 1000 // 1 | 0) * 10000
    last_msg_id = math.max(last_msg_id + 1, now + math.random(0, 9999))
    return last_msg_id
  end

  local function message(kind, fields)
    table.insert(fields, 1, { "MsgType", kind })
    fields[#fields + 1] = { "MsgId", message_id() }
    return fields
  end

  local function event(name, fields)
    fields = fields or {}
    table.insert(fields, 1, { "MsgType", "event" })
    table.insert(fields, 2, { "Event", name })
    return fields
  end

  -- Returns an argument of an act; raises {why} if it is missing or has the wrong type.
  local function take(act, name, kind, fallback)
    local value = act[name]
    if value == host.json.null then value = nil end
    if value == nil then value = fallback end
    if value == nil then error({ why = ("%s needs %s"):format(act.act, name) }, 0) end
    if kind == "number" then value = tonumber(value) or error({ why = name .. " must be a number" }, 0) end
    if kind == "number" and not (value > -math.huge and value < math.huge) then
      error({ why = name .. " must be a finite number" }, 0)
    end
    if kind == "string" and type(value) == "number" then value = tostring(value) end
    if type(value) ~= kind then error({ why = ("%s must be a %s"):format(name, kind) }, 0) end
    return value
  end

  local function text(act, name, fallback)
    local value = take(act, name, "string", fallback)
    if value == "" and fallback == nil then error({ why = ("%s needs %s"):format(act.act, name) }, 0) end
    return value
  end

  -- Stores a file that is given as base64 `data`; returns its media id. `id` is generated if nil.
  local function stored(given, kind, id)
    local bytes, why = host.codec.base64_decode(text(given, "data"))
    if not bytes then error({ why = "data is not base64: " .. tostring(why) }, 0) end
    return p.keep_media({ kind = kind, body = bytes, filename = given.filename,
      content_type = given.content_type or "application/octet-stream" }, id)
  end

  -- Returns the media id of an act: given by id, stored from base64 `data`, or a sample. With both, as in a saved chat,
  -- the data are stored under that id, unless there is such a file.
  local function media(act, kind)
    local id = act.media_id and text(act, "media_id")
    if id and (p.media(id) or not act.data) then return id end
    if not act.data then return p.sample_media(kind) end
    act.media_id = stored(act, kind, id)
    return act.media_id
  end

  local acts = {}

  function acts.say(_, act)
    local content = text(act, "content")
    local fields = { { "Content", content } }
    if act.bizmsgmenuid then fields[2] = { "bizmsgmenuid", tostring(act.bizmsgmenuid) } end
    return { kind = "text", content = content }, message("text", fields)
  end

  function acts.image(_, act)
    local id = media(act, "image")
    local url = p.media_url(id)
    return { kind = "image", media_id = id, url = url },
      message("image", { { "PicUrl", url }, { "MediaId", id } })
  end

  function acts.voice(_, act)
    local id = media(act, "voice")
    local fields = { { "MediaId", id }, { "Format", act.format or "amr" } }
    if act.recognition then fields[3] = { "Recognition", text(act, "recognition", "") } end
    return { kind = "voice", media_id = id, url = p.media_url(id), recognition = act.recognition },
      message("voice", fields)
  end

  -- Returns the media id of a video's picture, which a saved chat has in `thumb`. Without one the video of such a chat
  -- gets a sample, as one without a picture does.
  local function thumb(act, id)
    local given = act.thumb
    if id and (p.media(id) or not (given or act.data)) then return id end
    if not given then return p.sample_media("thumb", id) end
    if type(given) ~= "table" then error({ why = "thumb is no table" }, 0) end
    local file = { act = "thumb", data = given.data, filename = given.filename, content_type = given.content_type }
    return stored(file, "thumb", id)
  end

  local function video(kind)
    return function(_, act)
      local id = media(act, "video")
      local picture = thumb(act, act.thumb_media_id and text(act, "thumb_media_id"))
      return { kind = kind, media_id = id, url = p.media_url(id), thumb_url = p.media_url(picture) },
        message(kind, { { "MediaId", id }, { "ThumbMediaId", picture } })
    end
  end

  acts.video, acts.shortvideo = video("video"), video("shortvideo")

  local function place(act)
    return take(act, "latitude", "number", 23.134521), take(act, "longitude", "number", 113.358803),
      text(act, "label", "广州市海珠区客村艺苑路 12 号"),
      math.tointeger(take(act, "scale", "number", ACT_SCALE) // 1) or ACT_SCALE
  end

  -- A bare number with six decimals, as the platform posts it.
  local function decimal(value) return { bare = ("%.6f"):format(value) } end

  function acts.location(_, act)
    local latitude, longitude, label, scale = place(act)
    return { kind = "location", latitude = latitude, longitude = longitude, label = label, scale = scale },
      message("location", {
        { "Location_X", decimal(latitude) }, { "Location_Y", decimal(longitude) },
        { "Scale", scale }, { "Label", label },
      })
  end

  function acts.link(_, act)
    local title, description, url = text(act, "title"), text(act, "description", ""), text(act, "url")
    return { kind = "link", title = title, description = description, url = url },
      message("link", { { "Title", title }, { "Description", description }, { "Url", url } })
  end

  -- ---- following, scanning, location ----

  function acts.follow(user, act)
    local scene = act.scene ~= nil and text(act, "scene", "") or ""
    user.subscribed, user.subscribe_time = true, p.now()
    user.subscribe_scene = scene ~= "" and "ADD_SCENE_QR_CODE" or "ADD_SCENE_SEARCH"
    user.qr_scene = scene
    p.emit("user", user)
    local fields = { { "EventKey", scene ~= "" and "qrscene_" .. scene or "" } }
    if scene ~= "" then fields[2] = { "Ticket", act.ticket or p.ticket_of(scene) } end
    return { kind = "event", name = "follow", scene = scene ~= "" and scene or nil }, event("subscribe", fields)
  end

  function acts.unfollow(user)
    user.subscribed = false
    p.emit("user", user)
    return { kind = "event", name = "unfollow" }, event("unsubscribe", { { "EventKey", "" } })
  end

  function acts.scan(user, act)
    local scene = text(act, "scene")
    if not user.subscribed then return acts.follow(user, act) end
    return { kind = "event", name = "scan", scene = scene },
      event("SCAN", { { "EventKey", scene }, { "Ticket", act.ticket or p.ticket_of(scene) } })
  end

  function acts.locate(_, act)
    local latitude, longitude = place(act)
    local precision = take(act, "precision", "number", 40)
    return { kind = "event", name = "locate", latitude = latitude, longitude = longitude },
      event("LOCATION", {
        { "Latitude", decimal(latitude) }, { "Longitude", decimal(longitude) },
        { "Precision", decimal(precision) },
      })
  end

  -- ---- menu ----

  local function buttons_of(menu)
    menu = menu and (menu.menu or menu) or {}
    return menu.button or {}
  end

  local function find_by_key(buttons, key)
    for _, button in ipairs(buttons) do
      if button.key == key then return button end
      local found = button.sub_button and find_by_key(button.sub_button, key)
      if found then return found end
    end
  end

  local function step(buttons, part)
    local number = math.tointeger(tonumber(part))
    if number and buttons[number] then return buttons[number] end
    for _, button in ipairs(buttons) do
      if button.name == part then return button end
    end
  end

  -- Finds a button at any depth by its name.
  local function find_by_name(buttons, name)
    for _, button in ipairs(buttons) do
      if button.name == name then return button end
      local found = button.sub_button and find_by_name(button.sub_button, name)
      if found then return found end
    end
  end

  -- Returns the button for a key, "1.2", "菜单.搜索", {"菜单", "搜索"} or "搜索"; nil if there is none.
  local function follow_path(buttons, parts)
    local button
    for _, part in ipairs(parts) do
      button = step(buttons, part)
      if not button then return nil end
      buttons = button.sub_button or {}
    end
    return button
  end

  local function find_button(menu, path)
    local buttons = buttons_of(menu)
    if type(path) == "table" then return follow_path(buttons, path) end
    path = tostring(path)
    local parts = {}
    for part in path:gmatch("[^.]+") do parts[#parts + 1] = part end
    return find_by_key(buttons, path) or step(buttons, path) or follow_path(buttons, parts) or find_by_name(buttons, path)
  end

  local MENU_ID = 400000001

  local taps = {}

  function taps.click(_, button) return nil, event("CLICK", { { "EventKey", button.key } }) end

  function taps.view(_, button)
    return { url = button.url }, event("VIEW", { { "EventKey", button.url }, { "MenuId", MENU_ID } })
  end

  function taps.miniprogram(_, button)
    return { url = button.url, appid = button.appid },
      event("view_miniprogram", { { "EventKey", button.pagepath }, { "MenuId", MENU_ID } })
  end

  local function scan_code(name)
    return function(act, button)
      local result = text(act, "result", "https://example.com/scanned")
      return { result = result }, event(name, {
        { "EventKey", button.key },
        { "ScanCodeInfo", { { "ScanType", act.scan_type or "qrcode" }, { "ScanResult", result } } },
      })
    end
  end

  taps.scancode_push, taps.scancode_waitmsg = scan_code("scancode_push"), scan_code("scancode_waitmsg")

  -- The picture itself is sent as a separate message.
  local function pictures(name)
    return function(act, button)
      local id = media(act, "image")
      local file = p.media(id)
      local sum = host.codec.md5(file and file.body or id)
      return { follow_up = { act = "image", media_id = id } }, event(name, {
        { "EventKey", button.key },
        { "SendPicsInfo", { { "Count", 1 }, { "PicList", { { "item", { { "PicMd5Sum", sum } } } } } } },
      })
    end
  end

  for _, name in ipairs { "pic_sysphoto", "pic_photo_or_album", "pic_weixin" } do taps[name] = pictures(name) end

  function taps.location_select(act, button)
    local latitude, longitude, label, scale = place(act)
    local next_act = { act = "location", latitude = latitude, longitude = longitude, label = label, scale = scale }
    return { follow_up = next_act }, event("location_select", {
      { "EventKey", button.key },
      { "SendLocationInfo", {
        { "Location_X", ("%.6f"):format(latitude) }, { "Location_Y", ("%.6f"):format(longitude) },
        { "Scale", ("%d"):format(scale) }, { "Label", label }, { "Poiname", text(act, "poiname", "") },
      } },
    })
  end

  -- These buttons send the user content and the bot nothing.
  local function handed_out(kind)
    return function(_, button)
      return { give = { kind = kind, media_id = button.media_id or button.article_id,
        url = button.media_id and p.media_url(button.media_id) or nil } }
    end
  end

  taps.media_id, taps.article_id = handed_out("image"), handed_out("article")
  taps.view_limited, taps.article_view_limited = handed_out("article"), handed_out("article")

  function acts.tap(user, act)
    local path = act.path
    if type(path) ~= "string" and type(path) ~= "table" and type(path) ~= "number" then
      error({ why = 'tap needs path: "1.2", names in a list, or a key' }, 0)
    end
    local menu = type(act.menu) == "table" and act.menu or p.menu(user.openid) -- the prompt taps drawn menus
    if not menu then error({ why = "there is no menu: the bot has not created one (create_menu)" }, 0) end
    local button = find_button(menu, path)
    if not button then
      error({ why = ("the menu has no button %s"):format(host.json.encode_lossy(path)) }, 0)
    end
    local does = taps[button.type or ""]
    if not does then error({ why = ("'%s' opens a submenu: tap one of its buttons"):format(button.name) }, 0) end
    local more, fields = does(act, button)
    local entry = { kind = "event", name = "tap", title = button.name, type = button.type, key = button.key }
    if not more then return entry, fields end
    entry.url = more.url
    return entry, fields, more
  end

  -- ---- arbitrary events and documents ----

  -- Marks the values that the platform writes as bare numbers: a form gives them as texts.
  local function bare_numbers(elements, parent)
    for _, element in ipairs(elements) do
      local name, value = element[1], element[2]
      if type(value) == "table" then bare_numbers(value, name)
      elseif type(value) == "string" and host.callback.is_bare(name, parent, value) then
        element[2] = { bare = value }
      end
    end
    return elements
  end

  --- Sends an event of any name, `fields` by the platform's names.
  function acts.event(_, act)
    local name = text(act, "name")
    local fields = act.fields or {}
    if type(fields) ~= "table" then error({ why = "fields must be an object" }, 0) end
    return { kind = "event", name = name }, event(name, bare_numbers(p.elements(fields), "xml"))
  end

  --- Delivers a document unchanged. The trace alone reads the sender and type from it.
  function acts.xml(_, act)
    return { kind = "event", name = "xml" }, text(act, "document")
  end

  -- Returns the document as a new message of the user, with a new MsgId and CreateTime.
  local function renewed(document, user)
    local values = host.callback.read(document)
    if not values then error({ why = "the document is not a message" }, 0) end
    local sender = ("<FromUserName><![CDATA[%s]]></FromUserName>"):format(user.openid)
    document = document:gsub("<FromUserName>.-</FromUserName>", function() return sender end, 1)
    local file = (values.PicUrl or ""):match("^https?://[^/]+/sim/media/([%w_-]+)$")
    if file then -- this platform may have another port
      local picture = ("<PicUrl><![CDATA[%s]]></PicUrl>"):format(p.media_url(file))
      document = document:gsub("<PicUrl>.-</PicUrl>", function() return picture end)
    end
    document = document:gsub("<MsgId>[^<]*</MsgId>", function() return ("<MsgId>%d</MsgId>"):format(message_id()) end)
    local time = p.create_time(user.openid, { { "Event", values.Event }, { "EventKey", values.EventKey } })
    return (document:gsub("<CreateTime>[^<]*</CreateTime>", ("<CreateTime>%d</CreateTime>"):format(time)))
  end

  --- Sends a message of the trace again as a new one of the user; `document`, if given, replaces its text; `media_id`
  --- and `data` are its file and `thumb` a video's picture, for a platform that may not have them.
  function acts.resend(user, act)
    local document = act.document
    for _, item in ipairs(p.trace) do
      if item.id == act.id and not document then document = item.tries[1] and item.tries[1].request end
    end
    if type(document) ~= "string" then error({ why = "there is no such message to send again" }, 0) end
    document = renewed(document, user)
    local values = host.callback.read(document)
    if act.data then media(act, values.MsgType) end
    if values.ThumbMediaId then thumb(act, values.ThumbMediaId) end
    return p.entry_of(values, document), document, { values = values }
  end

  --- Opens a page from the chat: nothing is delivered.
  function acts.open_url(_, act)
    return { kind = "event", name = "open_url", url = text(act, "url") }
  end

  -- ---- performing acts ----

  -- The acts permitted to a user who does not follow the account.
  local without_following = { follow = true, scan = true, unfollow = true, open_url = true, event = true, xml = true,
    resend = true }

  local function start(user, act)
    local does = type(act.act) == "string" and acts[act.act]
    if not does then error({ why = ("unknown act '%s'"):format(tostring(act.act)) }, 0) end
    if not user.subscribed and not without_following[act.act] then
      error({ why = ("%s does not follow the account: follow first"):format(user.nickname) }, 0)
    end
    return does(user, act)
  end

  local function deliver(user, fields, answer, values)
    local item = p.deliver(user.openid, fields, values)
    answer.trace = answer.trace or item.id
    answer.attempts = answer.attempts + #item.tries
    if item.replied and item.replied ~= "" then answer.replied = item.replied end
  end

  -- Returns the copy of an act that the chat stores for replay: media by id, without bytes.
  local function kept(act)
    local copy = {}
    for name, value in pairs(act) do copy[name] = value end
    copy.user, copy.data, copy.thumb = nil, nil, nil
    return copy
  end

  local function perform(user, act, answer, follows)
    local entry, fields, more = start(user, act)
    if not follows then entry.act = entry.act or kept(act) end
    user.last_act, user.last_act_time = act.act, p.now() -- starts the 48 hours for customer service messages
    entry.from, entry.via = "user", "message"
    p.chat(user.openid, entry)
    if fields then deliver(user, fields, answer, more and more.values) end
    if more and more.give then
      more.give.from, more.give.via = "account", "passive"
      p.chat(user.openid, more.give)
    end
    if more and more.follow_up then perform(user, more.follow_up, answer, true) end
  end

  --- Performs an act and waits until its delivery ends.
  ---@return table? answer, string? why
  function p.act(act)
    if type(act.user) ~= "string" or act.user == "" then return nil, "user is missing: an openid, or a name" end
    local user = p.user(act.user)
    local before, began = p.last_entry(), p.clock()
    local answer = { ok = true, replied = "", attempts = 0 }
    local good, fault = pcall(perform, user, act, answer)
    if not good then
      if type(fault) == "table" and fault.why then return nil, fault.why end
      error(fault, 0)
    end
    answer.shown = p.shown_since(user.openid, before)
    answer.ms = (p.clock() - began) * 1000 // 1 | 0
    return answer
  end
end
