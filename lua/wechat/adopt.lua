-- `wemoon new DIR --adopt`: turns the automatic replies and the menu of the account ("获取公众号的自动回复规则", "查询自定义菜单"),
-- which a callback URL disables, into the files of a bot.

-- The comments of the files.
local comments = {
  en = {
    bot = "What the account answered by itself before the callback took over.",
    menu = 'The menu that the account showed. To put it on the platform: wemoon repl, menu = wechat.menu.new(dofile "menu.lua"), .push',
  },
  zh = {
    bot = "接管回调之前，账号自己的自动回复。",
    menu = '账号原来显示的菜单。要把它放到平台上：wemoon repl，menu = wechat.menu.new(dofile "menu.lua")，.push',
  },
}

-- A text as Lua writes it, on one line.
local function quote(text) return (("%q"):format(text):gsub("\\\n", "\\n")) end

local function is_text(value) return type(value) == "string" and value ~= "" end

-- ---- replies

local makers = {
  text = function(reply) return quote(reply.content) end,
  img = function(reply) return ("wechat.response_image(%s)"):format(quote(reply.content)) end,
  voice = function(reply) return ("wechat.response_voice(%s)"):format(quote(reply.content)) end,
  video = function(reply) return ("wechat.response_video(%s)"):format(quote(reply.content)) end,
}
makers.photo = makers.img

function makers.news(reply)
  local articles = {}
  for i, one in ipairs(type(reply.news_info) == "table" and reply.news_info.list or {}) do
    articles[i] = ("{ title = %s, description = %s, picurl = %s, url = %s }"):format(quote(one.title or ""), quote(one.digest or ""),
      quote(one.cover_url or ""), quote(one.content_url or ""))
  end
  return #articles > 0 and "wechat.response_news { " .. table.concat(articles, ", ") .. " }" or nil
end

-- The Lua expression of a reply; nil if a bot has no reply of that kind.
local function expression(reply)
  local make = type(reply) == "table" and makers[reply.type]
  if not make or reply.type ~= "news" and not is_text(reply.content) then return nil end
  return make(reply)
end

local function add_answer(lines, head, reply)
  local text = expression(reply)
  if text then lines[#lines + 1] = ("%sfunction() return %s end)\n"):format(head, text) end
end

-- ---- keywords

local function pattern(text) return (text:gsub("%p", "%%%0")) end

local function add_replies(lines, rule, name)
  local found = {}
  for _, reply in ipairs(rule.reply_list_info or {}) do found[#found + 1] = expression(reply) end
  if #found == 0 then return false end
  lines[#lines + 1] = ("-- %s"):format(tostring(rule.rule_name or ""):gsub("%c", " "))
  lines[#lines + 1] = ("local function %s()"):format(name)
  if rule.reply_mode == "random_one" and #found > 1 then
    lines[#lines + 1] = ("  local which = math.random(%d)"):format(#found)
    for i = 1, #found - 1 do lines[#lines + 1] = ("  if which == %d then return %s end"):format(i, found[i]) end
  else
    for i = 1, #found - 1 do lines[#lines + 1] = ("  wechat.say(%s)"):format(found[i]) end
  end
  lines[#lines + 1] = ("  return %s\nend"):format(found[#found])
  return true
end

local function add_rule(lines, rule, number)
  local name = "rule_" .. number
  if not add_replies(lines, rule, name) then return end
  for _, keyword in ipairs(rule.keyword_list_info or {}) do
    if is_text(keyword.content) and keyword.match_mode == "equal" then
      lines[#lines + 1] = ("bot.word(%s, %s)"):format(quote(keyword.content), name)
    elseif is_text(keyword.content) then
      lines[#lines + 1] = ("bot.text(%s, %s)"):format(quote(pattern(keyword.content)), name)
    end
  end
  lines[#lines + 1] = ""
end

-- ---- the menu

-- Buttons of the website that have no type in the API become buttons that the bot answers.
local function button_of(raw, clicks)
  local button = { name = raw.name, type = raw.type }
  if raw.type == "text" then
    button.type, button.key = "click", "TEXT_" .. #clicks + 1
    clicks[#clicks + 1] = { key = button.key, content = raw.value }
  elseif raw.type == "img" or raw.type == "photo" or raw.type == "voice" or raw.type == "news" then
    button.type, button.media_id = "media_id", raw.value
  elseif raw.type == "video" then
    button.type, button.url = "view", raw.value
  else
    for _, field in ipairs { "key", "url", "media_id", "article_id", "appid", "pagepath" } do button[field] = raw[field] end
  end
  return button
end

local function buttons_of(list, clicks)
  local buttons = {}
  for i, raw in ipairs(type(list) == "table" and list or {}) do
    local inner = type(raw.sub_button) == "table" and raw.sub_button.list
    buttons[i] = inner and #inner > 0 and { name = raw.name, sub_button = buttons_of(inner, clicks) } or button_of(raw, clicks)
  end
  return buttons
end

local function add_button(lines, button, indent)
  if button.sub_button then
    lines[#lines + 1] = ("%s{ name = %s, sub_button = {"):format(indent, quote(button.name))
    for _, inner in ipairs(button.sub_button) do add_button(lines, inner, indent .. "  ") end
    lines[#lines + 1] = indent .. "} },"
    return
  end
  local parts = {}
  for _, field in ipairs { "name", "type", "key", "url", "media_id", "article_id", "appid", "pagepath" } do
    if is_text(button[field]) then parts[#parts + 1] = ("%s = %s"):format(field, quote(button[field])) end
  end
  lines[#lines + 1] = ("%s{ %s },"):format(indent, table.concat(parts, ", "))
end

local function menu_text(buttons, comment)
  local lines = { "-- " .. comment, "", "return {", "  button = {" }
  for _, button in ipairs(buttons) do add_button(lines, button, "    ") end
  lines[#lines + 1] = "  },\n}\n"
  return table.concat(lines, "\n")
end

-- ---- the files

local function bot_text(info, clicks, comment)
  local lines = { "-- " .. comment, "", 'local bot = require "wechat.bot"', "" }
  if info.is_add_friend_reply_open == 1 then add_answer(lines, 'bot.on("subscribe", ', info.add_friend_autoreply_info) end
  local rules = type(info.keyword_autoreply_info) == "table" and info.keyword_autoreply_info.list or {}
  for i, rule in ipairs(rules) do add_rule(lines, rule, i) end
  for _, click in ipairs(clicks) do
    if is_text(click.content) then lines[#lines + 1] = ("bot.click(%s, %s)\n"):format(quote(click.key), quote(click.content)) end
  end
  local otherwise = info.is_autoreply_open == 1 and expression(info.message_default_autoreply_info)
  if otherwise then
    lines[#lines + 1] = ("bot.default(function(msg)\n  if msg.event then return end\n  return %s\nend)\n"):format(otherwise)
  end
  lines[#lines + 1] = "on_message = bot.on_message\n"
  return table.concat(lines, "\n")
end

--- The files' texts by their names; nil and why.
---@param wechat wechat
---@param lang "en"|"zh" the language of comments
---@return table<string, string>? files
---@return string? why
return function(wechat, lang)
  local words = require "wechat.online_words"(lang)
  local info, err = wechat.message.autoreply.get_current_autoreply_info {}
  if not info then return nil, words.error(err) end
  local shown, why = wechat.menu.get_current_selfmenu_info {}
  if not shown then return nil, words.error(why) end
  local clicks = {}
  local menu = type(shown.selfmenu_info) == "table" and shown.selfmenu_info or {}
  local buttons = buttons_of(menu.button, clicks)
  return { ["bot.lua"] = bot_text(info, clicks, comments[lang].bot), ["menu.lua"] = menu_text(buttons, comments[lang].menu) }
end
