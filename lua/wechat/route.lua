-- wechat.route: pages of the bot's own on the address of the platform's callbacks.
--  Paths are exact: no patterns, another case or a trailing slash is another path. One path can have several
-- methods; HEAD is answered like GET, without the body. A page that is added again replaces the old one.

local HTML, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"

---@class PageRequest
---@field method string as sent: HEAD too, where the page is GET's
---@field path string as sent, not decoded
---@field query table<string, string|string[]> decoded; a list where a name is given more than once
---@field headers table<string, string> names in lower case; what is sent several times is joined by ", "
---@field body string
---@field form? table<string, string|string[]> of an application/x-www-form-urlencoded body
---@field json? any of a JSON body
---@field json_error? string why a JSON body could not be read
---@field remote string the other side's address; behind a proxy, the proxy's

---@class PageAnswer
---@field status? integer 200 to 599; 200. 444 closes the connection without an answer
---@field headers? table<string, string|number|string[]> a list is sent as one header each (Set-Cookie)
---@field body? string text/html; charset=utf-8 unless the headers say otherwise
---@field json? any sent as JSON
--- Goes on after the body, in a coroutine of its own, until it returns: `send` gives false once nobody reads any
--- more. The connection ends with it; a Content-Type such as text/event-stream belongs to it.
---@field stream? fun(send: fun(text: string): boolean)

local known = { status = true, headers = true, body = true, json = true, stream = true }

-- Headers that the server sets itself.
local reserved = { ["content-length"] = true, ["transfer-encoding"] = true, connection = true }

local getinfo = debug.getinfo

---@param wechat table
---@param host table
return function(wechat, host)
  local fail, decode, json = host.args.fail, host.codec.url_decode, host.json

  local function parse_pairs(text)
    local values = {}
    for part in text:gmatch("[^&]+") do
      local name, value = part:match("^([^=]*)=?(.*)$")
      name, value = decode(name), decode(value)
      local before = values[name]
      if before == nil then values[name] = value
      elseif type(before) == "table" then before[#before + 1] = value
      else values[name] = { before, value } end
    end
    return values
  end

  -- Turns C's request into the argument of the script's function.
  local function read(request)
    request.query = parse_pairs(request.query)
    local kind = (request.headers["content-type"] or ""):lower():match("^%s*([^;%s]*)")
    if kind == "application/x-www-form-urlencoded" then
      request.form = parse_pairs(request.body)
    elseif kind == "application/json" or kind:find("^application/.*%+json$") then
      request.json, request.json_error = json.decode(request.body)
    end
    return request
  end

  -- Raises for a fault of an answer, with the page and its function's place.
  local function complain(page, format, ...)
    error(("%s: the page %s %s " .. format):format(page.place, page.method, page.path, ...), 0)
  end

  local function add_line(page, lines, name, value)
    if type(value) ~= "string" and type(value) ~= "number" then
      complain(page, "returned a header %s that is a %s (string or number, or a list, expected)", name,
        type(value))
    end
    value = tostring(value)
    if value:find("[\0-\8\10-\31\127]") then
      complain(page, "returned a header %s with a line break or another control character", name)
    end
    lines[#lines + 1] = ("%s: %s\r\n"):format(name, value)
  end

  -- The header lines, by name, and the Content-Type where it is among them.
  local function write_headers(page, headers)
    if type(headers) ~= "table" then
      complain(page, "returned headers that are a %s (table expected)", type(headers))
    end
    local names, lines, kind = {}, {}, nil
    for name in pairs(headers) do
      if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then
        complain(page, "returned a header whose name cannot be one: %q", tostring(name))
      end
      if reserved[name:lower()] then complain(page, "returned the header %s, which the server sets", name) end
      names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
      local value = headers[name]
      if name:lower() == "content-type" then
        add_line(page, {}, name, value)
        kind = tostring(value)
      elseif type(value) == "table" then
        for _, one in ipairs(value) do add_line(page, lines, name, one) end
      else
        add_line(page, lines, name, value)
      end
    end
    return table.concat(lines), kind
  end

  local function encode(page, value)
    local good, text = pcall(json.encode, value)
    if not good then
      complain(page, "returned a value that JSON cannot represent: %s", (tostring(text):gsub("^.-:%d+: ", "")))
    end
    return text
  end

  local function check_answer(page, answer)
    for name in pairs(answer) do
      if not known[name] then
        complain(page, "returned a table with '%s': there are status, headers, body, json and stream", tostring(name))
      end
    end
    if answer.body ~= nil and type(answer.body) ~= "string" then
      complain(page, "returned a body that is a %s (string expected; tables go as json)", type(answer.body))
    end
    if answer.stream ~= nil and type(answer.stream) ~= "function" then
      complain(page, "returned a stream that is a %s (function expected)", type(answer.stream))
    end
    if answer.body and answer.json ~= nil then
      complain(page, "returned body and json, which exclude each other")
    end
    local status = answer.status
    if status ~= nil and not (math.type(status) == "integer" and status >= 200 and status <= 599) then
      complain(page, "returned the status %s (an integer from 200 to 599 expected)", tostring(status))
    end
  end

  -- Runs a stream's function beside the page; what it fails of is logged.
  local function start(fn)
    local stream = host.route.stream()
    host.time.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() stream:close() end })
      fn(function(text) return stream:send(text) end)
    end)
    return stream
  end

  -- Status, Content-Type, header lines, body and stream of what the script's function returned.
  local function write(page, answer, err)
    if type(answer) == "string" then return 200, HTML, "", answer end
    if not answer then
      if err ~= nil then complain(page, "returned nil and: %s", tostring(err)) end
      return 204, HTML, "", ""
    end
    if type(answer) ~= "table" then
      complain(page, "returned a value of type %s: return a string, a table, or nothing", type(answer))
    end
    check_answer(page, answer)
    local lines, kind = "", nil
    if answer.headers ~= nil then lines, kind = write_headers(page, answer.headers) end
    local body = answer.json == nil and (answer.body or "") or encode(page, answer.json)
    local stream = answer.stream and start(answer.stream)
    return answer.status or 200, kind or (answer.json == nil and HTML or JSON), lines, body, stream
  end

  -- Adds a page: paths as they are sent, "*" with the method "*" for all that have no page of their own.
  function host.page(method, path, fn)
    local info = getinfo(fn, "S")
    local page = { method = method, path = path, place = ("%s:%d"):format(info.short_src, info.linedefined) }
    host.route.add(method, path, function(request)
      host.route.at(page.place)
      return write(page, fn(read(request)))
    end)
  end

  host.args.add(wechat, "route", {
    { "method", "string", 'GET, POST ..., or "*" for all' },
    { "path", "string", "exact; what is not ASCII is meant as browsers send it" },
    { "fn", "function", "fn(request) gives HTML, {status =, headers =, body =, json =}, or nothing (204)" },
  }, function(method, path, fn)
    method = method:upper()
    if method ~= "*" and not method:find("^%u+$") then
      fail("wechat.route: method must be one method, or \"*\"")
    end
    if not path:find("^/[^\0-\32\127?#]*$") then
      fail("wechat.route: path must begin with '/' and hold no white space, '?' or '#'")
    end
    if path == host.config.path then
      fail("wechat.route: %s is the callback path, where messages come in", path)
    end
    local as_sent = path:gsub("[\x80-\xff]", function(byte) return ("%%%02X"):format(byte:byte()) end)
    host.page(method, as_sent, fn)
  end, "A page of the bot's own: fn is called for each request, in a coroutine of its own; it may wait.")
end
