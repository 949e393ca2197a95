-- Kinds of account and the endpoints refused to each ("接口权限说明"; behaviour measured on real accounts takes
-- precedence). Without a kind the account is a service account with every right.

local account_kinds = {}

--- The values of --account-kind.
account_kinds.names = { "personal", "unverified", "subscription", "service", "test" }

-- Endpoints by name: "menu.*" means a whole group, "-" excludes a name.
local not_verified = "menu.* -menu.get_current_selfmenu_info message.custom.* kf.* message.mass.* media.uploadnews "
  .. "media.uploadvideo message.template.* message.subscribe.* freepublish.* user.* tag.* group.* qrcode.* -qrcode.show "
  .. "datacube.* voice.* ocr.* img.* guide.* token.getticket_wx_card"
local notices = "message.subscribe.* -message.subscribe.authorize_url -message.subscribe.send_once"
-- Such an account cannot issue OAuth codes, so every code is invalid.
local web_tokens = "oauth.access_token oauth.refresh_token oauth.userinfo oauth.auth_check"

-- {errcode, endpoints}; the first matching row applies.
local refusals = {
  personal = { { 48001, not_verified }, { 88000, "comment.*" }, { 10005, "oauth.authorize" }, { 40029, web_tokens } },
  subscription = {
    { 48001, "message.mass.send message.template.* qrcode.* -qrcode.show guide.* datacube.publisher_* " .. notices },
    { 10005, "oauth.authorize" }, { 40029, web_tokens },
  },
  service = { { 48001, "datacube.publisher_*" }, { 9300802, "guide.*" } },
  test = {
    { 48001, "message.mass.send freepublish.* user.change_openid qrcode.jump_* qrcode.shorten_* datacube.* guide.* "
      .. "token.getticket_wx_card " .. notices },
    { 65400, "kf.*" }, { 88000, "comment.*" },
  },
}
refusals.unverified = refusals.personal

-- Events that a kind does not receive.
local menu_events = "click view view_miniprogram scancode_push scancode_waitmsg pic_sysphoto pic_photo_or_album pic_weixin "
  .. "location_select"
local service_events = "scan location templatesendjobfinish subscribe_msg_popup_event subscribe_msg_change_event "
  .. "subscribe_msg_sent_event user_info_modified user_authorization_revoke user_authorization_cancellation"
local staff_events = "kf_create_session kf_close_session kf_switch_session"
local unheard = {
  personal = table.concat({ menu_events, service_events, staff_events, "masssendjobfinish publishjobfinish" }, " "),
  subscription = service_events,
  service = "",
  test = staff_events .. " publishjobfinish subscribe_msg_popup_event subscribe_msg_change_event subscribe_msg_sent_event "
    .. "user_info_modified user_authorization_revoke user_authorization_cancellation",
}
unheard.unverified = unheard.personal

-- A test account's daily call limits that differ from those of other accounts.
local calls_of_test = {
  ["token.get_access_token"] = 200, ["menu.create"] = 100, ["menu.get"] = 1000, ["menu.delete"] = 100, ["media.upload"] = 500,
  ["media.get"] = 1000, ["user.list"] = 100, ["user.info"] = 500000, ["qrcode.create"] = 10000, ["group.create"] = 100,
  ["group.list"] = 100, ["group.update"] = 100, ["group.move_user"] = 1000,
}

local function fits(name, pattern)
  local beginning = pattern:match("^(.*)%*$")
  if beginning then return name:sub(1, #beginning) == beginning end
  return name == pattern
end

local function has(patterns, name)
  local found = false
  for sign, pattern in patterns:gmatch("(%-?)(%S+)") do
    if fits(name, pattern) then
      if sign == "-" then return false end
      found = true
    end
  end
  return found
end

--- Returns the errcode if an account of that kind may not call an endpoint; nil if it may.
---@param kind string?
---@param name string "message.mass.send"
---@return integer?
function account_kinds.refusal(kind, name)
  for _, row in ipairs(kind and refusals[kind] or {}) do
    if has(row[2], name) then return row[1] end
  end
end

--- Whether an account of that kind receives an event.
---@param kind string?
---@param event string by the platform's name
---@return boolean
function account_kinds.hears(kind, event)
  return not kind or not (" " .. unheard[kind] .. " "):find(" " .. event:lower() .. " ", 1, true)
end

--- Returns the kind's own daily call limit for an endpoint; nil if the general limit applies.
---@param kind string?
---@param name string
---@return integer?
function account_kinds.calls(kind, name)
  if kind ~= "test" then return nil end
  if name:find("^message%.custom%.") then return 50000 end
  return calls_of_test[name]
end

--- Whether that kind exists.
---@param name any
---@return boolean
function account_kinds.exists(name) return refusals[name] ~= nil end

return account_kinds
