-- wechat.http: requests to any URL.

local as_text = require "wechat.as_text"
local misread = require "wechat.misread"

local known = {
  method = "string", url = "string", headers = "table", query = "table", json = "any", form = "table",
  files = "table", body = "string", timeout = "number", follow = "boolean",
}
local seconds = { timeout = true, idle_timeout = true }

---@class HttpOptions
---@field headers? table<string, string>
---@field query? table<string, string|number|boolean> added to the URL
---@field json? any sent as JSON
---@field form? table<string, string|number|boolean> sent as a form; with files as fields beside them
---@field files? table<string, string|file*|table> by field: what to send (see below)
---@field body? string sent as it is
--- A file is a path, an open file, or {path =, data =, filename =, content_type =}.
---@field timeout? number seconds; 30
---@field follow? boolean follow redirects

---@class HttpAnswer
---@field status integer
--- Headers are found in any case; repeated ones are joined by ", " (Set-Cookie by a newline).
---@field headers table<string, string>
---@field body string

local error_metatable = {
  __name = "error",
  __tostring = function(err) return ("%s: %s"):format(err.method, err.errmsg) end,
}

local header_metatable = {
  __index = function(headers, name)
    if type(name) == "string" then return rawget(headers, name:lower()) end
  end,
}

local function headers_of(list)
  local headers = {}
  for _, pair in ipairs(list) do
    local name, value = pair[1], pair[2]
    local before = headers[name]
    headers[name] = before and before .. (name == "set-cookie" and "\n" or ", ") .. value or value
  end
  return setmetatable(headers, header_metatable)
end

---@param wechat table
---@param host table
return function(wechat, host)
  local fail, encode_url, encode_json = host.args.fail, host.codec.url_encode, host.json.encode
  local noted = host.noted

  local function check(method, options)
    for name, value in pairs(options) do
      local kind = known[name] or (method == "http.stream" and name == "idle_timeout" and "number")
      if not kind then fail("wechat.%s: there is no option named '%s'%s", method, tostring(name), misread.hint(tostring(name), misread.names(known))) end
      if kind ~= "any" and type(value) ~= kind then
        fail("wechat.%s: %s is a %s (%s expected)", method, name, type(value), kind)
      end
      if seconds[name] and not (value > 0 and value < 1e9) then
        fail("wechat.%s: %s must be a positive number of seconds", method, name)
      end
    end
    local bodies = {}
    for _, name in ipairs { "json", "body", "form", "files" } do
      if options[name] ~= nil then bodies[#bodies + 1] = name end
    end
    if #bodies > 1 and not (#bodies == 2 and options.form and options.files) then
      fail("wechat.%s: %s exclude each other", method, table.concat(bodies, " and "))
    end
  end

  -- A list of {name, text}. Values are not quoted in errors: they may be secrets.
  local function pairs_of(method, option, values)
    local list = {}
    for name, value in pairs(values) do
      if type(name) ~= "string" then
        local meant = option == "headers" and type(value) == "string" and value:match("^%s*([%w-]+)%s*:") or "NAME"
        fail('wechat.%s: %s[%s] has no name: write %s = {["%s"] = ...}', method, option, tostring(name), option, meant)
      end
      local text, fault = as_text(value)
      if not text then fail("wechat.%s: %s.%s %s", method, option, name, fault) end
      list[#list + 1] = { name, text }
    end
    return list
  end

  -- "a=1&b=2", sorted by name, so that equal tables give equal text.
  local function encode_form(method, option, values)
    local parts = pairs_of(method, option, values)
    for i, pair in ipairs(parts) do parts[i] = encode_url(pair[1]) .. "=" .. encode_url(pair[2]) end
    table.sort(parts)
    return table.concat(parts, "&")
  end

  local function json_of(method, value)
    local ok, text = pcall(encode_json, value)
    if ok then return text end
    fail("wechat.%s: %s", method, (tostring(text):gsub("^.-cannot be written as JSON: value", "json")))
  end

  -- The plain fields beside files.
  local function fields_of(method, form)
    if not form then return nil end
    local fields = {}
    for _, pair in ipairs(pairs_of(method, "form", form)) do fields[pair[1]] = pair[2] end
    return fields
  end

  local function with_query(method, url, query)
    if not query or next(query) == nil then return url end
    local before, fragment = url:match("^([^#]*)(.*)$")
    local sign = not before:find("?", 1, true) and "?" or before:find("[?&]$") and "" or "&"
    return before .. sign .. encode_form(method, "query", query) .. fragment
  end

  -- Percent-encodes bytes beyond ASCII, as browsers do: people write 天气 in URLs. The host is not changed.
  local function ascii_url(url)
    if not url:find("[\x80-\xff]") then return url end
    local host_part, rest = url:match("^(%a[%w+.-]*://[^/?#]*)(.*)$")
    return host_part and host_part .. rest:gsub("[\x80-\xff]+", encode_url) or url
  end

  local function files_of(method, files)
    local list = {}
    for field, file in pairs(files) do
      if type(field) ~= "string" then
        fail("wechat.%s: files has a file without a field: write files = {field = path}", method)
      end
      local entry = { field = field }
      if type(file) == "string" then entry.path = host.path(file)
      elseif io.type(file) == "file" then entry.file = file
      elseif type(file) == "table" then
        for _, name in ipairs { "path", "file", "data", "filename", "content_type" } do
          entry[name] = file[name]
        end
        if type(entry.path) == "string" then entry.path = host.path(entry.path) end
      else
        fail("wechat.%s: files.%s is a %s (path, open file or table expected)", method, tostring(field), type(file))
      end
      list[#list + 1] = entry
    end
    table.sort(list, function(a, b) return a.field < b.field end)
    return list
  end

  local function add_headers(method, request, headers, content_type)
    local list, typed = pairs_of(method, "headers", headers or {}), false
    for _, pair in ipairs(list) do typed = typed or pair[1]:lower() == "content-type" end
    if content_type and not typed then list[#list + 1] = { "Content-Type", content_type } end
    if #list > 0 then request.headers = list end
  end

  -- A spec plays other hosts (host.http.via), and addresses on this machine for which it has an answer.
  local function is_played(url)
    local name = url:match("^https?://%[?([^/?#%]]*)")
    if not (name:find("^127%.") or name:find("^localhost%f[:\0]") or name:find("^::1")) then return true end
    local answer = host.http.request {
      what = "spec", method = "GET", url = host.http.via, headers = { { "X-Outside-Probe", url } }, timeout = 5,
    }
    return answer ~= nil and answer.status == 204
  end

  -- The request for C.
  local function prepare(method, verb, url, options)
    check(method, options)
    local request = {
      what = "wechat." .. method, method = verb:upper(), url = with_query(method, ascii_url(url), options.query),
      timeout = options.timeout, idle_timeout = options.idle_timeout, follow = options.follow, body = options.body,
    }
    local content_type
    if options.json ~= nil then
      request.body, content_type = json_of(method, options.json), "application/json; charset=utf-8"
    elseif options.files then
      request.files, request.fields = files_of(method, options.files), fields_of(method, options.form)
    elseif options.form then
      request.body = encode_form(method, "form", options.form)
      content_type = "application/x-www-form-urlencoded"
    end
    add_headers(method, request, options.headers, content_type)
    if host.http.via and is_played(request.url) then
      request.headers = request.headers or {}
      table.insert(request.headers, { "X-Outside-Url", request.url })
      request.url = host.http.via
    end
    return request
  end

  local function failure(method, err)
    err.method, err.retryable = method, err.kind == "network" or err.kind == "timeout"
    return setmetatable(err, error_metatable)
  end

  local function answer_from_capture(request)
    local status, headers, body = noted.play(request)
    if not status then return nil, headers end
    return { status = status, headers = setmetatable(headers, header_metatable), body = body }
  end

  local function send(method, verb, url, options)
    local request = prepare(method, verb, url, options)
    local note = noted.begin(request)
    local answer, err
    if noted.plays then
      answer, err = answer_from_capture(request)
    else
      answer, err = host.http.request(request)
      if answer then answer.headers = headers_of(answer.headers) end
    end
    if note and answer then note(answer.status, answer.headers, answer.body)
    elseif note then note(nil, nil, nil, err) end
    if not answer then return nil, failure(method, err) end
    return answer
  end

  for _, verb in ipairs { "get", "post" } do
    local method = "http." .. verb
    host.args.add(wechat, method, { { "url", "string" }, { "options", "table?", beside = true } }, function(url, options)
      if options and (options.method or options.url) then
        fail("wechat.%s: method and url do not belong into the options", method)
      end
      return send(method, verb, url, options or {})
    end, verb == "get" and "GET any URL." or "POST to any URL.")
  end

  host.args.add(wechat, "http.request", { { "options", "table" } }, function(options)
    if type(options.url) ~= "string" then fail("wechat.http.request: url is missing (string)") end
    return send("http.request", options.method or "GET", options.url, options)
  end, "Any request: {method =, url =, ...}.")

  -- As host.stream.open: what was captured comes at once, when it had come to its end.
  local function open_stream(request)
    if not noted.plays then
      local inflow = host.stream.new()
      local status, headers = host.stream.open(request, inflow)
      if not status then return nil, headers end
      return inflow, status, headers_of(headers), host.stream.take
    end
    local status, headers, body = noted.play(request)
    if not status then return nil, headers end
    local inflow = { close = function() body = "" end }
    local function take()
      local text = body
      body = ""
      return text ~= "" and text or nil
    end
    return inflow, status, setmetatable(headers, header_metatable), take
  end

  local new_stream = require "wechat.stream" (host, failure)

  host.args.add(wechat, "http.stream", { { "options", "table" } }, function(options)
    if type(options.url) ~= "string" then fail("wechat.http.stream: url is missing (string)") end
    local request = prepare("http.stream", options.method or "GET", options.url, options)
    local note = noted.begin(request)
    local inflow, status, headers, take = open_stream(request)
    if not inflow then
      if note then note(nil, nil, nil, status) end
      return nil, failure("http.stream", status)
    end
    return new_stream(inflow, status, headers, take, note)
  end, "A request whose answer is read while it comes: lines, server-sent events or bytes.")
end
