-- The result of wechat.http.stream: an answer that is read as it arrives. C passes bytes; lines and events are
-- made of them here.

local misread = require "wechat.misread"

local LINE_MAX = 1048576

---@class HttpStream
---@field status integer
---@field headers table<string, string>
---@field err? table why reading ended, if it was a fault

---@param host table
---@param failure fun(method: string, err: table): table
return function(host, failure)
  -- By stream: the source of its bytes, and bytes that were taken but not read yet.
  local inner = setmetatable({}, { __mode = "k" })

  local Stream = {}
  Stream.__index, Stream.__name = Stream, "stream"

  local function of(stream, method)
    return inner[stream] or host.args.fail("%s: it is called on a %s (write r:%s())", method, type(stream), method)
  end

  -- Once: what was read of it, as far as that was.
  local function tell_note(stream, own, err)
    local note = own.note
    own.note = nil
    if note and err and #own.came == 0 then note(nil, nil, nil, err)
    elseif note then note(stream.status, stream.headers, table.concat(own.came)) end
  end

  -- More bytes, or nil at the end, which after a fault has set stream.err.
  local function take(stream, own)
    if own.ended then return nil end
    local text, err = own.take(own.inflow)
    if text then
      if own.note then own.came[#own.came + 1] = text end
      return text
    end
    own.ended = true
    tell_note(stream, own, err)
    stream.err = err and failure("http.stream", err) or nil
    return nil
  end

  local function spoil(stream, own, why)
    own.ended, own.rest = true, ""
    own.inflow:close()
    stream.err = failure("http.stream", { kind = "http", errmsg = why })
  end

  -- Some servers compress although `identity` was asked for; the bytes would be garbage.
  local function is_text(stream, own)
    local coding = stream.headers["content-encoding"]
    if not coding or coding:lower() == "identity" then return true end
    spoil(stream, own, ("the answer is encoded (%s), though it was asked for as it is"):format(coding))
    return false
  end

  -- Joins the pieces only when needed: a long line arrives in many.
  local function more(stream, own)
    local text = take(stream, own)
    if text then own.rest = own.rest .. text end
    return text ~= nil
  end

  --- Some bytes: what has come, or `n`, fewer only at the end. nil at the end; nil, err after a fault.
  ---@param n? integer
  ---@return string? bytes, table? err
  function Stream:read(n)
    local own = of(self, "read")
    if n ~= nil and (math.type(n) ~= "integer" or n < 1) then
      host.args.fail("r:read: n must be a positive integer (%s given)", tostring(n))
    end
    while (n and #own.rest < n or own.rest == "") and more(self, own) do end
    if own.rest == "" or (n and #own.rest < n and self.err) then return nil, self.err end
    local text = own.rest:sub(1, n or -1)
    own.rest = own.rest:sub(#text + 1)
    return text
  end

  -- The next line without its end, LF or CR LF; text after the last line end is a line too.
  local function next_line(stream, own)
    local from = 1
    while true do
      local at = own.rest:find("\n", from, true)
      if at then
        local line = own.rest:sub(1, at - 1)
        own.rest = own.rest:sub(at + 1)
        return line:sub(-1) == "\r" and line:sub(1, -2) or line
      end
      from = #own.rest + 1
      if from > LINE_MAX then return spoil(stream, own, ("a line has more than %d bytes"):format(LINE_MAX)) end
      if not more(stream, own) then break end
    end
    local line = own.rest
    own.rest = ""
    return line ~= "" and not stream.err and line or nil
  end

  --- Iterates over the lines, without their ends. Also ends at a fault, which is then in r.err.
  ---@return fun(): string?
  function Stream:lines()
    local own = of(self, "lines")
    return function()
      if not is_text(self, own) then return nil end
      return next_line(self, own)
    end
  end

  local function next_event(stream, own)
    while true do
      local event = table.remove(own.events, 1)
      if event then return event end
      local text = own.rest ~= "" and own.rest or take(stream, own)
      if not text then return nil end
      own.rest = ""
      local events, why = own.reader:feed(text)
      own.events = events
      if why then spoil(stream, own, why) end
    end
  end

  --- Iterates over the server-sent events. Also ends at a fault, which is then in r.err.
  ---@return fun(): { event: string, data: string, id: string }?
  function Stream:events()
    local own = of(self, "events")
    own.reader = own.reader or host.stream.events()
    own.events = own.events or {}
    return function()
      if not is_text(self, own) then return nil end
      return next_event(self, own)
    end
  end

  --- Closes the connection.
  function Stream:close()
    local own = of(self, "close")
    own.ended, own.rest, own.events = true, "", own.events and {}
    tell_note(self, own)
    own.inflow:close()
  end

  Stream.__close = Stream.close
  misread.methods(Stream, "stream")

  -- `take_from` gives what has come of `inflow`, and nil at its end; `note` is told of all that was read, or is nil.
  return function(inflow, status, headers, take_from, note)
    local stream = setmetatable({ status = status, headers = headers }, Stream)
    inner[stream] = { inflow = inflow, take = take_from, rest = "", note = note, came = note and {} }
    return stream
  end
end
