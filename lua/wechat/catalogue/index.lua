-- The groups of the catalogue, each a file of this folder ("message.custom" is message_custom.lua). It is
-- read when a script first asks for one of its endpoints.
--
-- A file returns {about, status, note, endpoints}; status and note hold for all endpoints that have none of
-- their own.
-- An endpoint is
--
--   create = {
--     doc = "Adds a tag.",                     one line
--     call = "POST /cgi-bin/tags/create",      GET, POST, UPLOAD (multipart) or DOWNLOAD; the path
--     host = "mp",                             "mp" or "open"; without it the API's own
--     url = "#wechat_redirect",                nothing is sent: the address, this at its end, is the answer
--     token = "none",                          "none", "oauth" or "component": no access_token is added
--     send = true,                             a repeat could reach a user twice: not tried again on -1
--     status = "deprecated",                   or "removed": warns once
--                                              "current": not what the file's own status says
--     query = { ... }, body = { ... },         fields; of an UPLOAD the form, with its file
--     returns = { ... },                       fields beside errcode and errmsg; "(body)" is the file itself
--     note = "100 an account (45056).",        what else to know
--   }
--
-- and a field is "PATH TYPE[!][=VALUE] [A|B|C] [WORDS]":
--
--   "tag.name string! up to 30 bytes"          `!`: it must be there
--   "articles[].title string!"                 in each member of a list
--   "msgtype string=text"                      filled in where left out; @appid, @appsecret: the account's
--   "type string image|voice|video|thumb"      the values it knows
--   "(raw) string", "... object", "<type> object"   a body, or fields, of the caller's own
--
-- Types: string, integer, number, boolean, object, array, string[], integer[], object[], file, binary;
-- several with "|".
return {
  "basic", "card", "comment", "datacube", "device", "draft", "freepublish", "group", "guide", "img",
  "invoice", "kf", "marketcode", "marketing", "material", "media", "menu", "merchant", "message.autoreply",
  "message.custom", "message.mass", "message.subscribe", "message.template", "nontax", "oauth", "ocr", "open",
  "openapi", "pay_legacy", "poi", "qrcode", "scan", "security", "semantic", "shakearound", "shop", "tag",
  "token", "user", "voice", "wifi", "wxopen",
}
