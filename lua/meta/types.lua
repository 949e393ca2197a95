-- Annotations that cannot be generated from the methods:
-- the types that the methods use, and their return types.

local types = {}

types.classes = [==[
---@class Reply what a builder gives; tostring(reply) is its XML
---@field type string

---@class Message a message or event; every element is there too, under the platform's own name
---@field id? integer of messages; nil for events
---@field target string the account (ToUserName)
---@field source string the sender's openid (FromUserName)
---@field time integer when it was sent, Unix seconds
---@field type string text, image, voice ...; for an event its name in lower case
---@field event? string of events, the same as type
---@field raw string the decrypted document
---@field content? string text: what the user wrote
---@field picurl? string image: the picture's address
---@field media_id? string image, voice, video, shortvideo: the number to download or to send it by
---@field format? string voice: the sound's format, amr
---@field recognition? string voice: what was understood, where the account has speech recognition
---@field thumb_media_id? string video, shortvideo: the number of its still picture
---@field location? { x: number, y: number } location: latitude and longitude
---@field scale? integer location: the map's scale
---@field label? string location: the place's name
---@field title? string link: the page's title
---@field description? string link: what the page is about
---@field url? string link: the page's address
---@field key? string events: EventKey as sent
---@field scene? string subscribe, scan: the QR code's scene
---@field ticket? string subscribe, scan: the QR code's ticket
---@field menu_id? string view: the menu's number
---@field latitude? number event location: degrees north
---@field longitude? number event location: degrees east
---@field precision? number event location: how exact the place is
---@field status? string templatesendjobfinish: whether the message was delivered, "success"
---@field [string] any

---@class ApiError tostring(err) says it in one line
---@field kind "api"|"network"|"timeout"|"http"|"json"|"unknown"|"cancelled" unknown: it may have happened; timeout: no answer in time, or one that found no room to be read in time; http: a status other than 200, an answer of over 64 MB, or one that would take over 512 MB to read (2 million values)
---@field method string the name after `wechat.`
---@field errmsg string
---@field errcode? integer the platform's, where it answered with one
---@field status? integer HTTP status
---@field rid? string the platform's number of the request
---@field hint string what to do
---@field retryable boolean whether the same call may succeed later
---@field faults? MenuFault[] of wechat.menu.push: all that is wrong with the menu

---@class Download
---@field body string
---@field size integer
---@field content_type? string
---@field filename? string
---@field save fun(self: Download, path: string): true?, string?

---@class AccessToken
---@field access_token string
---@field access_token_expires_at integer when, in Unix seconds

---@class JsapiTicket
---@field jsapi_ticket string
---@field jsapi_ticket_expires_at integer when, in Unix seconds

---@class JssdkConfig what a page hands to wx.config, but for jsApiList
---@field appId string
---@field timestamp integer
---@field nonceStr string
---@field signature string

---@class HttpOptions what to send is json, form, files (form beside it, as fields) or body
---@field headers? table<string, string>
---@field query? table<string, string|number|boolean> added to the URL
---@field json? any
---@field form? table<string, string|number|boolean>
---@field files? table<string, string|file*|table> by field: a path, an open file, or {path =, data =, filename =, content_type =}
---@field body? string sent as it is
---@field timeout? number seconds; 30
---@field follow? boolean follow redirects

---@class HttpRequest: HttpOptions
---@field method? string GET
---@field url string

---@class StreamRequest: HttpRequest timeout: of the whole, none unless given
---@field idle_timeout? number the longest silence between two bytes, seconds; 60

---@class HttpStream an answer that is read while it comes; closed by <close>, and when its task ends
---@field status integer
---@field headers table<string, string> found under any case
---@field err? ApiError why lines(), events() or read() ended, if it was a fault
---@field lines fun(self: HttpStream): fun(): string? without their ends
---@field events fun(self: HttpStream): fun(): StreamEvent? server-sent events
---@field read fun(self: HttpStream, n?: integer): string?, ApiError? what has come, or n bytes; nil at the end
---@field close fun(self: HttpStream)

---@class StreamEvent
---@field event string "message" if it has no name
---@field data string
---@field id string the last one sent

---@class Task what wechat.spawn gives
---@field cancel fun(self: Task): boolean its calls are closed, <close> variables run; false if it had ended
---@field join fun(self: Task, timeout_s?: number): any, any what fn returned; nil and its error, "cancelled" or "timeout"

---@class Gate
---@field enter fun(self: Gate, timeout_s?: number): Pass?, string? nil and "timeout"

---@class Pass given back by <close>, leave, and the end of its task
---@field leave fun(self: Pass)

---@class HttpAnswer
---@field status integer
---@field headers table<string, string> found under any case
---@field body string

---@class AskOptions
---@field timeout_s? number seconds; 600
---@field events? boolean the user's events are answers too

---@class StoreListOptions
---@field after? string the key after which to continue
---@field limit? integer how many

---@class Timer what wechat.every and wechat.cron give
---@field stop fun(self: Timer) no further tick; one under way goes on to its end

---@class PageRequest what a page of wechat.route gets
---@field method string as sent
---@field path string as sent, not decoded
---@field query table<string, string|string[]> a list where a name is given more than once
---@field headers table<string, string> names in lower case
---@field body string
---@field form? table<string, string|string[]> of an application/x-www-form-urlencoded body
---@field json? any of a JSON body
---@field json_error? string why a JSON body could not be read
---@field remote string the other side's address; behind a proxy, the proxy's

---@class PageAnswer what it may return, beside a string (HTML) and nothing (204)
---@field status? integer 200 to 599; 200
---@field headers? table<string, string|number|string[]>
---@field body? string text/html unless the headers say otherwise
---@field json? any
---@field stream? fun(send: fun(text: string): boolean) goes on after the body until it returns; send gives false once nobody reads

---@class wechat.json
---@field encode fun(value: any): string the text, keys sorted; raises, naming the path, for a value that JSON cannot represent
---@field decode fun(text: string): any, string? the value; nil and why not
---@field array fun(list?: table): table marks the table as an array and gives it back
---@field null lightuserdata

---@class wechat.log each takes any values, joined by spaces; tables are written as JSON
---@field debug fun(...: any)
---@field info fun(...: any)
---@field warn fun(...: any)
---@field error fun(...: any)

---@class wechat
---@field json wechat.json
---@field log wechat.log
---@field config table<string, string|integer|boolean> the settings, read only, without secrets
wechat = {}

-- Editors do not carry these over to a function of yours: write  ---@param msg Message  above it.
---@type fun(msg: Message): Reply|string|false|nil
on_message = nil
---@type fun(state: any)
on_load = nil
---@type fun(): table?
on_unload = nil
---@type fun(err: string, msg: Message): Reply|string|nil
on_error = nil
---@class Lost a conversation that could not go on, since the script had changed
---@field question string its last question: the text, of another reply its kind
---@field place string where it was asked, "FILE:LINE"
---@field since integer when, in Unix seconds
---@type fun(msg: Message, lost: Lost): Reply|string|false|nil
on_lost = nil
]==]

-- The class that wechat.menu.new returns, without its methods.
types.menu = [==[
---@class MenuFault tostring(fault) says it in one line
---@field path string "button[2].sub_button[1].name"
---@field what string
---@field limit? integer
---@field errcode? integer what the platform would say

---@class MenuChange tostring(change) says it in one line
---@field path string of a button that is gone: where it was; else where it is in the new menu
---@field what string
---@field old any
---@field new any

---@class Menu a plain table as create_menu takes it; a list of sub-buttons has the same methods
---@field button? table[]
---@field sub_button? table[]
---@field matchrule? table of a personalised menu: whom it is for
---@field conditionalmenu? Menu[] the personalised menus; the one added last wins]==]

-- The module `wechat.bot`.
types.bot = [==[
---@meta wechat.bot

---@alias Answer string|Reply|fun(msg: Message, ...: string): Reply|string|nil

---@class wechat.bot
local bot = {}

--- Answers texts in which the Lua pattern is found; its captures follow the message in the call.
---@param pattern string
---@param answer Answer
function bot.text(pattern, answer) end

--- Answers texts that are one of the words, as a whole: words or lists of words, then the answer, which gets the
--- message and the word. Full-width letters, digits and blanks count as narrow ones; marks of punctuation do not: write
--- both, {"?", "？"}.
---@param word string|string[]
---@param ... string|string[]|Answer
function bot.word(word, ...) end

--- Answers a tap on the menu button with that key.
---@param key string
---@param answer Answer
function bot.click(key, answer) end

--- Answers messages and events of a type: "image", "subscribe" ...
---@param type_name string
---@param answer Answer
function bot.on(type_name, answer) end

--- Answers what no other rule answered.
---@param answer Answer
function bot.default(answer) end

---@param msg Message
---@return Reply|string|nil
function bot.on_message(msg) end

return bot
]==]

-- The module `wechat.model`.
types.model = [==[
---@meta wechat.model

---@class ModelSettings what require "wechat.model" is called with
---@field url string the base of an OpenAI-compatible server, "https://HOST/v1", or its whole address
---@field key? string sent as Authorization: Bearer KEY
---@field model? string the model's name on that server; "default"

---@class ModelOptions
---@field system? string the system message, which comes first
---@field tools? table<string, ModelTool> functions that the model may call, by name; at most 8 rounds
---@field body? table further fields of the request: {temperature = 0.2}
---@field timeout? number seconds for the whole answer; 100
---@field idle_timeout? number the longest silence between two bytes, seconds; 60
---@field headers? table<string, string>

---@class ModelReplyOptions: ModelOptions
---@field keep? number how many turns of the talk are kept; 20

---@class ModelTool
---@field description? string says to the model what it is for
---@field parameters? table a JSON schema of the arguments
---@field call fun(arguments: table): any, string? what the model reads: text, or a value as JSON; nil and why not

---@class ModelError tostring(err) says it in one line
---@field kind string
---@field errmsg string the server's own words, where it said any
---@field status? integer HTTP status
---@field begun? boolean of reply: a part of the answer was said

---@class Model
---@field reply fun(self: Model, msg: Message, options?: ModelReplyOptions): nil, ModelError? answers a text, picture or voice message in parts (wechat.say), with the user's talk so far; nil and an error if it cannot
---@field chat fun(self: Model, messages: string|table[], options?: ModelOptions): string?, ModelError? asks with a question or {role =, content =} messages of your own, and gives the text
---@field forget fun(self: Model, msg: Message) drops the user's talk

---@param settings ModelSettings
---@return Model
local function open(settings) end

return open
]==]

-- Parameters of the methods that take any number of arguments, which are not checked.
types.variadic = {
  spawn = { { "fn", "function" }, { "...", "any?", "what fn is called with" } },
  once = { { "fn", "function" }, { "...", "any?", "what fn is called with" } },
}

-- Types of parameters more precise than the checked type; by method and name.
types.parameters = {
  ["say.part"] = "string|Reply",
  ["ask.question"] = "string|Reply",
  ["ask.options"] = "AskOptions",
  ["http.get.options"] = "HttpOptions",
  ["http.post.options"] = "HttpOptions",
  ["http.request.options"] = "HttpRequest",
  ["http.stream.options"] = "StreamRequest",
  ["store.list.options"] = "StoreListOptions",
  ["route.fn"] = "fun(request: PageRequest): PageAnswer|string|nil",
  ["every.fn"] = "fun()",
  ["cron.fn"] = "fun()",
}

-- Types of the one table of methods that take options beside their named arguments.
types.named = { ["http.get"] = "HttpRequest", ["http.post"] = "HttpRequest" }

-- Return types by name pattern, the longest match wins; a name without a match is an API call.
types.returns = {
  ["^response_"] = "Reply",
  ["^group_transfer_message$"] = "Reply",
  ["^check_signature$"] = "boolean",
  ["^parse_data$"] = "Message?, string?",
  ["^get_message$"] = "Message?",
  ["^generate_jsapi_signature$"] = "string?, ApiError?",
  ["^pay_sign$"] = "string",
  ["^sha1$"] = "string",
  ["^plain$"] = "string",
  ["^path$"] = "string",
  ["^md5$"] = "string",
  ["^hmac_sha256$"] = "string",
  ["^base64%.encode$"] = "string",
  ["^base64%.decode$"] = "string?, string?",
  ["^utf8%.len$"] = "integer",
  ["^utf8%."] = "string",
  ["^http%."] = "HttpAnswer?, ApiError?",
  ["^http%.stream$"] = "HttpStream?, ApiError?",
  ["^store%.get$"] = "any, string?",
  ["^store%.incr$"] = "integer?, string?",
  ["^store%.list$"] = "string[]?, string?",
  ["^store%."] = "boolean?, string?",
  ["^session$"] = "table?, string?",
  ["^sleep$"] = "",
  ["^newest$"] = "boolean?, string?",
  ["^forget$"] = "true?, boolean|string",
  ["^say$"] = "",
  ["^spawn$"] = "Task",
  ["^once$"] = "any",
  ["^gate$"] = "Gate",
  ["^allow$"] = "boolean?, number|string?",
  ["^every$"] = "Timer",
  ["^cron$"] = "Timer",
  ["^ask$"] = "Message?, string?",
  ["^route$"] = "",
  ["^menu%.new$"] = "Menu",
  ["^menu%.check$"] = "MenuFault[]",
  ["^menu%.diff$"] = "MenuChange[]",
  ["^menu%.pull$"] = "Menu?, ApiError?",
  ["^get_access_token$"] = "AccessToken?, ApiError?",
  ["^get_jsapi_ticket$"] = "JsapiTicket?, ApiError?",
  ["^jssdk_config$"] = "JssdkConfig?, ApiError?",
  ["^download_media$"] = "Download?, ApiError?",
  ["^show_qrcode$"] = "Download?, ApiError?",
}

local returned_by = {}

--- Returns a method's return types, from the annotations.
---@param name string
---@return string
function types.returns_of(name)
  if returned_by[name] then return returned_by[name] end
  local found, length = "table?, ApiError?", 0
  for pattern, returned in pairs(types.returns) do
    if #pattern > length and name:find(pattern) then found, length = returned, #pattern end
  end
  returned_by[name] = found
  return found
end

return types
