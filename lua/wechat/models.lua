-- What `require "wechat.model"` gives: language models behind an OpenAI-compatible /chat/completions, streamed.
--
--   model:chat(messages)   asks, and gives the text
--   model:reply(msg)       answers a message, with the talk so far, in parts (wechat.say)
--
-- How an answer becomes parts: wechat/model_text.lua. How the talk is kept: wechat/model_talk.lua.

local misread = require "wechat.misread"
local new_text = require "wechat.model_text"
local new_talk = require "wechat.model_talk"

local TRIES, WAIT_MAX_S, ROUNDS, TIMEOUT_S = 4, 60, 8, 100
-- What the model reads after the part of its answer that it had given when the process that read it ended.
local GO_ON = "（你的回答在此中断。请紧接着写下去，不要重复已经写过的内容。）"
local settings = { url = "string", key = "string", model = "string" }
local options_of = {
  system = "string", keep = "number", tools = "table", body = "table", timeout = "number", idle_timeout = "number", headers = "table",
}

---@class ModelError
---@field kind string
---@field errmsg string the server's own words, where it said any
---@field status? integer
local error_metatable = { __name = "error" }

function error_metatable.__tostring(err)
  local status = err.status and (" (HTTP %d)"):format(err.status) or ""
  return ("wechat.model: %s%s"):format(err.errmsg, status)
end

local function fault(fields) return setmetatable(fields, error_metatable) end

---@param wechat table
---@param host table
return function(wechat, host)
  local json, fail = host.json, host.args.fail
  local null = json.null

  local function decode(text)
    local good, value = pcall(json.decode, text)
    return good and type(value) == "table" and value or nil
  end

  local function given(value)
    if value ~= nil and value ~= null then return value end
  end

  -- ---- what the server says

  -- The error of an answer, in any of the forms that servers use.
  local function words_of(value, text)
    local err = value and given(value.error)
    if type(err) == "table" then return given(err.message) or given(err.msg) or json.encode_lossy(err) end
    local said = value and (err or given(value.message) or given(value.detail) or given(value.msg))
    if type(said) == "string" then return said end
    return said and json.encode_lossy(said) or (text or ""):match("^%s*(.-)%s*$"):sub(1, 500)
  end

  local function refusal(r)
    local parts = {}
    for _ = 1, 64 do
      local text = r:read()
      if not text then break end
      parts[#parts + 1] = text
    end
    local text = table.concat(parts)
    local words = words_of(decode(text), text)
    if words == "" then words = "the model's server said nothing" end
    return fault { kind = "http", status = r.status, errmsg = words, retry_after = tonumber(r.headers["retry-after"]) }
  end

  -- The member of an answer, which may have any form, if it is of this type.
  local function member(value, key, kind)
    local found = type(value) == "table" and value[key]
    if type(found) == kind then return found end
  end

  -- Some servers give the arguments as an object, not as its text.
  local function arguments_of(new)
    local object = member(new, "arguments", "table")
    return object and json.encode(object) or member(new, "arguments", "string") or ""
  end

  -- A tool call arrives in pieces, by its index in the list.
  local function add_call(calls, piece)
    local index = tonumber(member(piece, "index", "number") or member(piece, "index", "string"))
    local at = (index or #calls) + 1
    local call = calls[at] or { id = "", type = "function", ["function"] = { name = "", arguments = "" } }
    calls[at] = call
    local its, new, id = call["function"], member(piece, "function", "table"), member(piece, "id", "string")
    if id and id ~= "" then call.id = id end
    if its.name == "" then its.name = member(new, "name", "string") or "" end
    its.arguments = its.arguments .. arguments_of(new)
  end

  -- Adds a chunk, or a whole answer.
  local function take(answer, value, on_text)
    if given(value.error) then return fault { kind = "api", errmsg = words_of(value) } end
    local choice = member(member(value, "choices", "table"), 1, "table")
    local message = member(choice, "delta", "table") or member(choice, "message", "table")
    if not message then return nil end
    local text = member(message, "content", "string") or ""
    if text ~= "" then
      answer[#answer + 1] = text
      on_text(text)
    end
    for _, piece in ipairs(member(message, "tool_calls", "table") or {}) do
      if type(piece) == "table" then add_call(answer.calls, piece) end
    end
    answer.reason = given(choice.finish_reason) or answer.reason
    answer.finished = answer.finished or answer.reason ~= nil
  end

  -- The answer of a server that does not stream.
  local function read_whole(r, answer, on_text)
    local parts = {}
    for line in r:lines() do parts[#parts + 1] = line end
    if r.err then return fault { kind = r.err.kind, errmsg = r.err.errmsg } end
    local text = table.concat(parts, "\n")
    local value = decode(text)
    if not value or not (given(value.choices) or given(value.error)) then
      return fault { kind = "json", errmsg = "the model's server did not answer as /chat/completions does: " .. text:sub(1, 200) }
    end
    answer.finished = true
    return take(answer, value, on_text)
  end

  local function read_events(r, answer, on_text)
    for event in r:events() do
      if event.data == "[DONE]" then answer.finished = true break end
      local value = decode(event.data)
      if not value then return fault { kind = "json", errmsg = "the model's server sent an event that is no JSON" } end
      local err = take(answer, value, on_text)
      if err then return err end
    end
    if answer.finished then return nil end
    if r.err then return fault { kind = r.err.kind, errmsg = r.err.errmsg } end
    if #answer == 0 and #answer.calls == 0 then return fault { kind = "network", errmsg = "the model's server answered nothing" } end
  end

  -- One request: { texts..., calls = }, or nil and why. `begun` says whether anything has come.
  local function ask_once(model, body, options, on_text)
    local answer = { calls = {} }
    local headers = { ["Content-Type"] = "application/json" }
    if model.key and model.key ~= "" then headers.Authorization = "Bearer " .. model.key end
    for name, value in pairs(options.headers or {}) do headers[name] = value end
    local r <close>, err = wechat.http.stream {
      method = "POST", url = model.url, headers = headers, body = json.encode(body),
      timeout = options.timeout or TIMEOUT_S, idle_timeout = options.idle_timeout,
    }
    if not r then return nil, fault { kind = err.kind, errmsg = err.errmsg } end
    if r.status ~= 200 then return nil, refusal(r) end
    local is_stream = (r.headers["content-type"] or ""):lower():find("event-stream", 1, true)
    err = (is_stream and read_events or read_whole)(r, answer, on_text)
    if err then
      err.begun, err.said = #answer > 0, table.concat(answer)
      return nil, err
    end
    return answer
  end

  local function may_try_again(err)
    if err.begun then return false end
    return err.status == 429 or (err.status or 0) >= 500 or err.kind == "network"
  end

  -- Servers quote what they were sent: neither the key nor a header of the caller's own is for a log.
  local function without_secrets(err, model, options)
    local secrets = { model.key or "" }
    for _, value in pairs(options.headers or {}) do secrets[#secrets + 1] = value end
    local text = tostring(err.errmsg)
    for _, secret in ipairs(secrets) do
      if type(secret) == "string" and #secret >= 8 then text = text:gsub(secret:gsub("%p", "%%%0"), "***") end
    end
    err.errmsg = text
    return err
  end

  -- The same request, for an answer that goes on from what was said of it.
  local function going_on(body, said)
    if said == "" then return body end
    local longer = {}
    for name, value in pairs(body) do longer[name] = value end
    longer.messages = table.move(body.messages, 1, #body.messages, 1, json.array {})
    table.insert(longer.messages, { role = "assistant", content = said })
    table.insert(longer.messages, { role = "user", content = GO_ON })
    return longer
  end

  -- Where the process that read the answer has ended ("unknown"), the model is asked to go on.
  local function ask(model, body, options, on_text)
    local said = ""
    for try = 1, TRIES do
      local answer, err = ask_once(model, going_on(body, said), options, on_text)
      if answer then
        table.insert(answer, 1, said)
        return answer
      end
      if err.kind == "unknown" then said = said .. (err.said or "")
      elseif try == TRIES or not may_try_again(err) then return nil, without_secrets(err, model, options)
      else wechat.sleep(math.max(0, math.min(err.retry_after or 2 ^ (try - 1), WAIT_MAX_S))) end
    end
    return nil, fault { kind = "unknown", errmsg = "the answer was cut off again and again" }
  end

  -- ---- tools

  local function tools_of(tools)
    if not tools or next(tools) == nil then return nil end
    local list = json.array {}
    for i, name in ipairs(misread.names(tools)) do
      local tool = tools[name]
      list[i] = { type = "function", ["function"] = {
        name = name, description = tool.description,
        parameters = tool.parameters or { type = "object", properties = {} },
      } }
    end
    return list
  end

  -- The result of a tool call for the model; an error of the script becomes its text.
  local function call_tool(tools, call)
    local tool, arguments = tools[call["function"].name], {}
    if not tool then return "error: there is no such function" end
    local text = call["function"].arguments
    if text:find("%S") then arguments = decode(text) end
    if not arguments then return "error: the arguments are no JSON object" end
    local good, result, err = pcall(tool.call, arguments)
    if not good then
      wechat.log.error(("the tool %s failed: %s"):format(call["function"].name, tostring(result)))
      return "error: " .. tostring(result)
    end
    if result == nil then return err ~= nil and "error: " .. tostring(err) or "null" end
    -- Malformed UTF-8, such as a page in GBK, must not leave the question unanswered.
    if type(result) ~= "string" then return json.encode_lossy(result) end
    return utf8.len(result) and result or json.decode(json.encode_lossy(result))
  end

  -- The text; nil and why if it is empty or nothing but reasoning: a user who asked is to read something.
  local function text_of(parts, reason)
    local text = table.concat(parts)
    if new_text.without_reasoning(text):find("%S") then return text end
    local ended = reason and (" (finish_reason %s)"):format(tostring(reason)) or ""
    return nil, fault { kind = "api", errmsg = "the model's answer has no text" .. ended }
  end

  -- Asks until the model has no more to call: its text, or nil and why. What is asked between goes into `messages`.
  local function converse(model, messages, options, on_text)
    local tools, text = options.tools or {}, {}
    for round = 1, ROUNDS + 1 do
      local body = { model = model.model, messages = messages, stream = true }
      if round <= ROUNDS then body.tools = tools_of(tools) end
      for name, value in pairs(options.body or {}) do body[name] = value end
      local answer, err = ask(model, body, options, on_text)
      if not answer then return nil, err end
      local said = table.concat(answer)
      text[#text + 1] = said
      if #answer.calls == 0 or round > ROUNDS then return text_of(text, answer.reason) end
      messages[#messages + 1] = { role = "assistant", content = said, tool_calls = json.array(answer.calls) }
      for _, call in ipairs(answer.calls) do
        messages[#messages + 1] = { role = "tool", tool_call_id = call.id, content = call_tool(tools, call) }
      end
    end
  end

  -- ---- the model

  local Model = {}
  Model.__index, Model.__name = Model, "model"

  local function check_options(method, options)
    for name, value in pairs(options) do
      local kind = options_of[name]
      if not kind then fail("model:%s: there is no option named '%s'%s", method, tostring(name), misread.hint(tostring(name), misread.names(options_of))) end
      if type(value) ~= kind then fail("model:%s: %s is a %s (%s expected)", method, name, type(value), kind) end
    end
    for name, tool in pairs(options.tools or {}) do
      if type(name) ~= "string" then
        fail("model:%s: tools is a list (a table of tools by their names expected: tools = {NAME = {call = ...}})", method)
      end
      if type(tool) ~= "table" or type(tool.call) ~= "function" then
        fail("model:%s: tools.%s has no function `call`", method, tostring(name))
      end
    end
    return options
  end

  local function system_first(options, messages)
    local list = json.array {}
    if options.system then list[1] = { role = "system", content = options.system } end
    return table.move(messages, 1, #messages, #list + 1, list)
  end

  --- Asks the model with messages of your own: its text, or nil and why.
  ---@param messages string|table[] a question, or {role =, content =} each
  ---@param options? table system, tools, body (further fields of the request), timeout, idle_timeout, headers
  function Model:chat(messages, options)
    options = check_options("chat", options or {})
    if type(messages) == "string" then messages = { { role = "user", content = messages } } end
    if type(messages) ~= "table" then fail("model:chat: messages is a %s (string or list expected)", type(messages)) end
    local text, err = converse(self, system_first(options, messages), options, function() end)
    return text and new_text.without_reasoning(text), err
  end

  -- What the model is asked, and how the talk remembers it.
  local function question_of(msg)
    if msg.type == "text" then return msg.content, msg.content end
    if msg.type == "voice" then
      if msg.recognition and msg.recognition ~= "" then return msg.recognition, msg.recognition end
      return nil, nil, fault { kind = "message", errmsg = "the voice message has no recognition: the account's speech recognition is off" }
    end
    if msg.type ~= "image" then
      return nil, nil, fault { kind = "message", errmsg = ("a message of type %s is no question"):format(tostring(msg.type)) }
    end
    local picture, err = wechat.http.get(msg.picurl)
    if not picture or picture.status ~= 200 then
      return nil, nil, fault { kind = "network", errmsg = "the picture cannot be fetched: " .. tostring(err or "HTTP " .. picture.status) }
    end
    local kind = (picture.headers["content-type"] or ""):match("^image/[%w.+-]+") or "image/jpeg"
    local url = ("data:%s;base64,%s"):format(kind, wechat.base64.encode(picture.body))
    return json.array { { type = "image_url", image_url = { url = url } } }, "[图片]"
  end

  --- Answers a text, picture or voice message through wechat.say, with the user's talk so far. Returns nothing, or nil
  --- and why; it says nothing of that itself. `begun` of the error: a part of the answer was said.
  ---@param msg Message
  ---@param options? table system, keep (turns, 20), tools, body, timeout, idle_timeout, headers
  function Model:reply(msg, options)
    options = check_options("reply", options or {})
    local content, kept, err = question_of(msg)
    if not content then return nil, err end
    local talk = new_talk(host, self.name, msg.source, options.keep)
    local before, number
    before, number, err = talk:ask(kept)
    if not before then return nil, fault { kind = "store", errmsg = tostring(err) } end
    before[#before + 1] = { role = "user", content = content }
    host.reply.mark_ai()
    local out = new_text.new(wechat, host)
    local text, why = converse(self, system_first(options, before), options, function(piece) out:add(piece) end)
    out:finish()
    if not text then
      if not out.said then talk:take_back(number) end
      why.begun = out.said == true
      return nil, why
    end
    talk:answer(number, new_text.without_reasoning(text))
  end

  --- Drops the user's talk.
  ---@param msg Message
  function Model:forget(msg) return new_talk(host, self.name, msg.source):forget() end

  misread.methods(Model, "model")

  local function address(url)
    url = url:gsub("/+$", "")
    return url:find("/chat/completions$") and url or url .. "/chat/completions"
  end

  return function(given_settings)
    if type(given_settings) ~= "table" then
      fail('wechat.model: write require "wechat.model" {url =, key =, model =} (a table, not a %s)', type(given_settings))
    end
    for name, value in pairs(given_settings) do
      if not settings[name] then fail("wechat.model: there is no setting named '%s'", tostring(name)) end
      if type(value) ~= settings[name] then fail("wechat.model: %s is a %s (string expected)", name, type(value)) end
    end
    if not given_settings.url then fail("wechat.model: url is missing (string)") end
    local url, model = address(given_settings.url), given_settings.model or "default"
    return setmetatable({ url = url, key = given_settings.key, model = model, name = model }, Model)
  end
end
