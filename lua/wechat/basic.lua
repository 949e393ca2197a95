-- The methods of WechatBasic that call the platform; each is a thin layer over an endpoint of the catalogue.

local as_text = require "wechat.as_text"
local blank_article = require("wechat.articles").fault_of
local files = require "wechat.files"

local megabyte = 1024 * 1024

-- Sizes and types of temporary media ("新增临时素材").
local media = {
  image = { bytes = 10 * megabyte, extensions = { "png", "jpeg", "jpg", "gif" } },
  voice = { bytes = 2 * megabyte, extensions = { "amr", "mp3" } },
  video = { bytes = 10 * megabyte, extensions = { "mp4" } },
  thumb = { bytes = 64 * 1024, extensions = { "jpg", "jpeg" } },
}

local function contains(list, value)
  for _, member in ipairs(list) do
    if member == value then return true end
  end
  return false
end

-- Why a file cannot be uploaded as media of that type; nil if it can.
local function fault_of_media(type_name, part)
  local limits = media[type_name]
  if not limits then return ("type is '%s' (image, voice, video or thumb expected)"):format(type_name) end
  local extension, size = files.extension(part), files.size(part)
  if not contains(limits.extensions, extension) then
    local taken = table.concat(limits.extensions, ", ")
    return ("file is '%s': %s takes %s"):format(part.filename, type_name, taken)
  end
  if size == 0 then return ("file is empty: '%s'"):format(part.filename) end
  if size and size > limits.bytes then
    local text = "file is too big: '%s' has %d bytes, %s takes %d"
    return text:format(part.filename, size, type_name, limits.bytes)
  end
end

local function filled(text) return text ~= "" and text or nil end

---@param wechat table
---@param host table
---@param api Api
return function(wechat, host, api)
  local env = { file_name = host.api.file_name, file_fault = host.api.file_fault, path = host.path }
  local user = { "user_id", "string", "openid: msg.source" }

  -- Adds a method that calls one endpoint; `fields` makes the endpoint's table from the arguments.
  local function add(name, parameters, full, fields, doc)
    host.args.add(wechat, name, parameters, function(...)
      local request, fault = api.request(full, fields(...), name)
      if not request then host.args.fail("wechat.%s: %s", name, fault) end
      return api.send(request)
    end, doc, full)
  end

  local function nothing() return {} end

  -- ---- tokens and tickets

  -- get_ and grant_ of the token that host.api calls `cached`.
  local function add_token(what, cached, get, grant, docs)
    host.args.add(wechat, get, {}, function()
      local value, expires_at = host.api.token(cached)
      if not value then return api.fail(expires_at, get) end
      return { [what] = value, [what .. "_expires_at"] = expires_at }
    end, docs[1])
    local override = { "override", "boolean?", "false: the current one stays" }
    host.args.add(wechat, grant, { override }, function(replaces)
      local reply, failure = host.api.grant(cached, replaces ~= false)
      if not reply then return api.fail(failure, grant) end
      return reply
    end, docs[2])
  end

  add_token("access_token", "access_token", "get_access_token", "grant_token", {
    "The access token and when it expires, from the cache, fetched when needed.",
    "Fetches a new access token.",
  })
  add_token("jsapi_ticket", "jsapi", "get_jsapi_ticket", "grant_jsapi_ticket", {
    "The ticket that signs pages and when it expires, from the cache, fetched when needed.",
    "Fetches a new ticket.",
  })

  host.args.add(wechat, "jssdk_config", { { "url", "string", "the page's, cut at #" } }, function(url)
    local ticket, err = wechat.get_jsapi_ticket()
    if not ticket then return nil, err end
    local timestamp = os.time()
    local noncestr = host.codec.md5(("%d %d %s"):format(math.random(0), math.random(0), url))
    local signature = wechat.generate_jsapi_signature(timestamp, noncestr, url, ticket.jsapi_ticket)
    return {
      appId = host.api.account("appid"), timestamp = timestamp, nonceStr = noncestr, signature = signature,
    }
  end, "What a page hands to wx.config, but for jsApiList.")

  -- ---- menu

  add("create_menu", { { "menu", "table", "{button = {...}}" } }, "menu.create",
    function(menu) return menu end,
    "Replaces the current menu.")
  add("get_menu", {}, "menu.get", nothing, "The menus that the API created.")
  add("delete_menu", {}, "menu.delete", nothing, "Removes the menu, and all personalised ones.")

  -- ---- media

  host.args.add(wechat, "upload_media", {
    { "type", "string", "image, voice, video or thumb" },
    { "file", "string|file", "a path, an open file, or bytes" },
    { "extension", "string?", "of bytes: \"jpg\"" },
  }, function(type_name, file, extension)
    local part, fault = files.part("file", file, extension, env)
    fault = fault or fault_of_media(type_name, part)
    if fault then host.args.fail("wechat.upload_media: %s", fault) end
    local params = { type = type_name, media = file, extension = extension }
    return api.send((api.request("media.upload", params, "upload_media")))
  end, "Uploads a temporary file, which lasts three days; checks its type and size first.", "media.upload")

  add("download_media", { { "media_id", "string" } }, "media.get", function(id) return { media_id = id } end,
    "Downloads a temporary file: body, content_type and filename; file:save(path) writes it.")

  -- ---- groups

  add("create_group", { { "name", "string", "up to 30 characters" } }, "group.create",
    function(name) return { group = { name = name } } end, "Adds a group of followers.")
  add("get_groups", {}, "group.list", nothing, "The groups of followers.")
  add("get_group_by_id", { { "openid", "string" } }, "group.get_of_user",
    function(openid) return { openid = openid } end,
    "The group that a user is in.")
  add("update_group", { { "group_id", "integer|string" }, { "name", "string" } }, "group.update",
    function(id, name) return { group = { id = id, name = name } } end, "Renames a group.")
  add("move_user", { user, { "group_id", "integer|string" } }, "group.move_user",
    function(openid, group_id) return { openid = openid, to_groupid = group_id } end,
    "Moves a user to a group.")

  -- ---- users

  add("get_user_info", { user, { "lang", "string?", "zh_CN, zh_TW or en" } }, "user.info",
    function(openid, lang) return { openid = openid, lang = lang or "zh_CN" } end, "A follower's profile.")
  add("get_followers", { { "first_user_id", "string?", "where to go on" } }, "user.list",
    function(first) return { next_openid = first and filled(first) } end,
    "The followers' openids, 10,000 a time.")

  -- ---- customer service messages

  add("send_text_message", { user, { "content", "string" } }, "message.custom.send_text",
    function(openid, content) return { touser = openid, text = { content = content } } end,
    "Sends a user a text.")
  add("send_image_message", { user, { "media_id", "string" } }, "message.custom.send_image",
    function(openid, id) return { touser = openid, image = { media_id = id } } end, "Sends a user a picture.")
  add("send_voice_message", { user, { "media_id", "string" } }, "message.custom.send_voice",
    function(openid, id) return { touser = openid, voice = { media_id = id } } end,
    "Sends a user a voice message.")
  add("send_video_message", {
    user, { "media_id", "string" }, { "title", "string?" }, { "description", "string?" },
  }, "message.custom.send_video", function(openid, id, title, description)
    local video = { media_id = id, title = filled(title), description = filled(description) }
    return { touser = openid, video = video }
  end, "Sends a user a video.")
  add("send_music_message", {
    user, { "url", "string" }, { "hq_url", "string", "played on Wi-Fi" }, { "thumb_media_id", "string" },
    { "title", "string?" }, { "description", "string?" },
  }, "message.custom.send_music", function(openid, url, hq_url, thumb, title, description)
    local music = { musicurl = url, hqmusicurl = hq_url, thumb_media_id = thumb }
    music.title, music.description = filled(title), filled(description)
    return { touser = openid, music = music }
  end, "Sends a user a piece of music.")

  host.args.add(wechat, "send_article_message", {
    user, { "articles", "table?", "list of {title, description, picurl, url}" },
    { "media_id", "string?", "of articles stored as material, instead of articles" },
  }, function(openid, articles, media_id)
    if not articles and not media_id then
      host.args.fail("wechat.send_article_message: articles is missing (table; or media_id)")
    end
    local full, params = "message.custom.send_mpnews", { touser = openid, mpnews = { media_id = media_id } }
    if articles then
      local blank = blank_article(articles)
      if blank then host.args.fail("wechat.send_article_message: %s", blank) end
      full, params = "message.custom.send_news", { touser = openid, news = { articles = articles } }
    end
    local request, fault = api.request(full, params, "send_article_message")
    if not request then host.args.fail("wechat.send_article_message: %s", fault) end
    return api.send(request)
  end, "Sends a user articles.")

  -- ---- QR codes

  add("create_qrcode", { { "data", "table", "{action_name, action_info, expire_seconds}" } }, "qrcode.create",
    function(data) return data end, "Makes a QR code with a scene.")
  add("show_qrcode", { { "ticket", "string", "of create_qrcode" } }, "qrcode.show",
    function(ticket) return { ticket = ticket } end,
    "Downloads the picture of a QR code, as download_media does.")

  -- ---- templates

  add("set_template_industry", { { "id1", "integer|string" }, { "id2", "integer|string" } },
    "message.template.set_industry",
    function(id1, id2) return { industry_id1 = id1, industry_id2 = id2 } end,
    "Sets the account's two industries.")
  add("get_template_id", { { "template_id_short", "string|integer", "number in the library" } },
    "message.template.add_template",
    function(short) return { template_id_short = as_text(short) } end,
    "Takes a template from the library and gives its template_id.")
  add("send_template_message", {
    user, { "template_id", "string" }, { "data", "table", "keyword = {value = ...}" }, { "url", "string?" },
    { "topcolor", "string?", "#RRGGBB" },
  }, "message.template.send", function(openid, id, data, url, topcolor)
    return { touser = openid, template_id = id, data = data, url = url, topcolor = topcolor }
  end, "Sends a user a template message.")
end
