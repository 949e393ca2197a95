-- What a captured message asked of other hosts and of the platform, and what it got: noted as it comes, and given back
-- when the capture is played again (`wemoon replay`).

local BODY_MAX = 1048576 -- bytes of an answer that is noted

-- Names of fields whose values are secrets, of whatever service.
local secret_names = {
  "token", "secret", "password", "passwd", "pwd", "apikey", "api_key", "api-key", "sign", "signature", "session_key", "ticket", "key", "auth",
}

local function is_secret(name)
  name = name:lower()
  for _, one in ipairs(secret_names) do
    if name == one or name:find("[_-]" .. one:gsub("%p", "%%%0") .. "$") then return true end
  end
  return false
end

local function mask(value) return ("…(%d)"):format(#value) end

---@param host table
return function(host)
  local capture, encode, decode = host.capture, host.json.encode, host.json.decode
  local noted = {}

  -- A URL without passwords and keys.
  local function shown_url(url)
    url = url:gsub("^(%a[%w+.-]*://)[^/?#@]*@", "%1")
    url = url:gsub("([?&])([^=&#]+)=([^&#]*)", function(sign, name, value)
      if is_secret(name) then return sign .. name .. "=" .. mask(value) end
    end)
    return capture.hide(url)
  end

  local function shown_text(text)
    text = text:gsub('("([%w_-]+)"%s*:%s*")([^"]*)"', function(head, name, value)
      if is_secret(name) then return head .. mask(value) .. '"' end
    end)
    return capture.hide(text)
  end

  -- Of an answer's headers those that no secret stands in.
  local function shown_headers(headers)
    local list = {}
    for name, value in pairs(headers) do
      if name ~= "set-cookie" and not is_secret(name) and not name:find("authenticat", 1, true) then
        list[name] = capture.hide(value)
      end
    end
    return list
  end

  local function digest_of(request)
    return type(request.body) == "string" and host.codec.sha1(request.body):sub(1, 16) or nil
  end

  local function set_body(call, body)
    call.bytes = #body
    if #body > BODY_MAX then return end
    if utf8.len(body) then call.body = shown_text(body)
    else call.base64 = host.codec.base64_encode(body) end
  end

  local function head_of(request, began)
    return {
      name = request.what:gsub("^wechat%.", ""), method = request.method, url = shown_url(request.url), digest = digest_of(request),
      ms = began and math.floor((capture.now() - began) * 1000) or nil,
    }
  end

  --- Begins a note of a request; nil where nothing is noted. What is returned takes the answer, or nil and the error,
  --- once: `headers` by name.
  ---@param request table as host.http.request takes it
  ---@return fun(status: integer?, headers: table?, body: string?, err: table?)?
  function noted.begin(request)
    if not capture.captures then return nil end
    local began = capture.now()
    return function(status, headers, body, err)
      local call = head_of(request, began)
      if err then
        call.err = { kind = err.kind, errmsg = capture.hide(tostring(err.errmsg)) }
      else
        call.status, call.headers = status, shown_headers(headers)
        set_body(call, body)
      end
      capture.call(encode(call))
    end
  end

  --- Whether requests are answered from a capture.
  noted.plays = capture.played ~= nil

  --- What the captured request got: status, headers and body; or nil and the error. Waits as long as it took then.
  function noted.play(request)
    local asked = head_of(request)
    local text = capture.played(asked.method .. " " .. asked.url .. "\n" .. (asked.digest or ""))
    local call = text and decode(text)
    if not call then
      return nil, { kind = "network", errmsg = ("the capture has no answer of %s %s"):format(asked.method, asked.url) }
    end
    if (call.ms or 0) > 0 then host.time.sleep(call.ms / 1000) end
    if call.err then return nil, { kind = call.err.kind, errmsg = call.err.errmsg } end
    local body = call.base64 and host.codec.base64_decode(call.base64) or call.body
    if not body then return nil, { kind = "http", errmsg = ("the answer of %d bytes was not captured"):format(call.bytes or 0) } end
    return call.status, call.headers or {}, body
  end

  --- Notes a call of the platform: what came of it, not what was said.
  function noted.platform(made, began, failure)
    if not began then return end
    capture.call(encode {
      name = made.method, ms = math.floor((capture.now() - began) * 1000),
      errcode = failure and failure.errcode or nil, kind = failure and failure.kind or nil,
    })
  end

  --- The time for noted.platform; nil where nothing is noted.
  function noted.now() return capture.captures and capture.now() or nil end

  --- Notes a late part that has gone out: the body of a customer service message.
  function noted.late(body)
    if not capture.captures then return end
    local part = {}
    for name, value in pairs(body) do part[name] = value end
    part.touser, part.aimsgcontext = nil, nil
    capture.late(encode(part))
  end

  return noted
end
