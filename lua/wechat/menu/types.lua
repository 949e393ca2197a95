-- The buttons of a menu ("自定义菜单"): the one table from which the builder's methods, the checks and
-- the editor's annotations are made.

local types = {}

---@class ButtonField
---@field bytes? integer the most that the platform takes
---@field errcode integer[] what it says to a wrong one, of a top-level button and of a sub-button
---@field is_url? boolean
---@field doc string

---@type table<string, ButtonField>
types.fields = {
  key = { bytes = 128, errcode = { 40019, 40026 }, doc = "comes back as msg.key" },
  url = { bytes = 1024, errcode = { 40020, 40027 }, is_url = true, doc = "begins with http:// or https://" },
  media_id = { errcode = { 40007, 40007 }, doc = "of permanent material" },
  article_id = { errcode = { 53600, 53600 }, doc = "of a published article" },
  appid = { errcode = { 40166, 40166 }, doc = "of a mini program linked to the account" },
  pagepath = { errcode = { 40165, 40165 }, doc = "of the mini program's page" },
}

---@class ButtonType
---@field type string also the builder's method
---@field fields string[] what it needs beside its name, in the order that the method takes it
---@field doc string

---@type ButtonType[]
types.list = {
  { type = "click", fields = { "key" }, doc = "The bot gets a click event." },
  { type = "view", fields = { "url" }, doc = "Opens a page." },
  { type = "scancode_push", fields = { "key" }, doc = "Scans a code, shows it and tells the bot." },
  { type = "scancode_waitmsg", fields = { "key" }, doc = "Scans a code and waits for the bot's answer." },
  { type = "pic_sysphoto", fields = { "key" }, doc = "Takes a photo and sends it." },
  { type = "pic_photo_or_album", fields = { "key" }, doc = "Sends a photo, new or from the album." },
  { type = "pic_weixin", fields = { "key" }, doc = "Sends pictures from the album." },
  { type = "location_select", fields = { "key" }, doc = "Chooses a place and sends it." },
  { type = "media_id", fields = { "media_id" }, doc = "Sends the user a picture, voice, video or articles." },
  { type = "view_limited", fields = { "media_id" }, doc = "Opens an article stored as material." },
  { type = "article_id", fields = { "article_id" }, doc = "Sends the user a published article." },
  { type = "article_view_limited", fields = { "article_id" }, doc = "Opens a published article." },
  {
    type = "miniprogram", fields = { "url", "appid", "pagepath" },
    doc = "Opens a mini program; the url is for phones that cannot.",
  },
}

---@type table<string, ButtonType>
types.by_name = {}
for _, row in ipairs(types.list) do types.by_name[row.type] = row end

--- What the account's website makes and the API reads but cannot create; with the field that its `value` is
--- kept in when there is a type of the API that does the same.
types.of_website = {
  text = {}, video = {},
  img = { type = "media_id" }, photo = { type = "media_id" }, voice = { type = "media_id" },
  news = { type = "media_id" },
}

--- Of the two levels: how many buttons, how long a name, and what the platform says to wrong ones.
types.levels = {
  { most = 3, name = 16, errcode = { count = 40016, type = 40017, name = 40018, domain = 40054 } },
  { most = 5, name = 60, errcode = { count = 40023, type = 40024, name = 40025, domain = 40055 } },
}

--- All personalised menus of an account together link to so many domains.
types.domains = 3

--- Whom a personalised menu is for ("个性化菜单"): numbers by their pattern, the rest is text.
types.rule = {
  { "tag_id", "^%d+$", "a tag's number" }, { "group_id", "^%d+$", "a group's number" },
  { "sex", "^[12]$", "1 or 2" },
  { "client_platform_type", "^[123]$", "1 (iOS), 2 (Android) or 3 (others)" },
  { "country" }, { "province" }, { "city" }, { "language" },
}

---@class MenuMethod a method of the builder
---@field name string
---@field parameters Parameter[]
---@field doc string
---@field returns string

--- One for every type, and what else a menu can be told.
---@type MenuMethod[]
types.methods = {}
for i, row in ipairs(types.list) do
  local parameters = { { "name", "string" } }
  for j, field in ipairs(row.fields) do parameters[j + 1] = { field, "string", types.fields[field].doc } end
  types.methods[i] = { name = row.type, parameters = parameters, doc = row.doc, returns = "Menu" }
end
for _, row in ipairs {
  {
    name = "sub", parameters = { { "name", "string" } }, returns = "Menu",
    doc = "Adds a button that opens a list; gives the list, which has the same methods.",
  },
  {
    name = "conditional", parameters = { { "matchrule", "table", '{tag_id = "2"}' } }, returns = "Menu",
    doc = "Adds a menu for the users whom a rule matches; gives it.",
  },
  {
    name = "remove", parameters = { { "n", "integer" } }, returns = "table",
    doc = "Takes out the n-th button; gives it.",
  },
  {
    name = "move", parameters = { { "a", "integer" }, { "b", "integer" } }, returns = "Menu",
    doc = "Makes the a-th button the b-th.",
  },
} do table.insert(types.methods, row) end

--- The types' names in a line, for errors.
---@return string
function types.names()
  local names = {}
  for i, row in ipairs(types.list) do names[i] = row.type end
  return table.concat(names, ", ")
end

return types
