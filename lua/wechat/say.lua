-- wechat.say: parts of an answer. Parts said by the deadline are the passive reply (script/said.c); parts said
-- later are sent as customer service messages: each whole paragraph while enough of the quota is left, then joined,
-- the last one at the end.

local FEW = 3             -- fewer of the quota than these: what comes is joined
local text_bytes = 2048

---@class Parts
---@field items (string|Reply)[] what was said
---@field at integer the first item that has not gone out whole
---@field skip integer bytes of it that have
---@field sent integer parts that went out as customer service messages, and are not in the log yet
---@field lost? boolean what was ready was lost, because none could be sent or kept
---@field done? boolean the script has ended
---@field sending? boolean a task sends parts
---@field gate? Gate one task sends at a time
---@field keeps? boolean what has not gone out is kept for the user's next message

local Parts = { __name = "parts" }
Parts.__index = Parts

local function text_of(item)
  if type(item) == "string" then return item end
  if item.type == "text" then return item.content end
end

--- What went out as the passive reply, once.
function Parts:leave_out(bytes, other)
  if self.answered then return end
  self.answered = true
  if other then self.at = 2 end
  while bytes > 0 do
    local text = text_of(self.items[self.at])
    if not text then return end
    if #text > bytes then
      self.skip = bytes
      return
    end
    bytes, self.at = bytes - #text, self.at + 1
  end
end

-- The texts up to the next reply of another kind, that reply, and how many items they are.
local function ahead(self)
  local list, i = {}, self.at
  while self.items[i] do
    local text = text_of(self.items[i])
    if not text then return table.concat(list), self.items[i] end
    list[#list + 1] = i == self.at and text:sub(self.skip + 1) or text
    i = i + 1
  end
  return table.concat(list), nil
end

-- Goes on behind so many bytes of text.
local function pass(self, bytes)
  while bytes > 0 do
    local left = #text_of(self.items[self.at]) - self.skip
    if left > bytes then
      self.skip = self.skip + bytes
      return
    end
    bytes, self.at, self.skip = bytes - left, self.at + 1, 0
  end
end

-- How much of the text goes out now; 0: nothing yet.
local function ready(text, left, final, cut)
  local _, paragraph = text:find("\n%s*\n")
  if final and (left < FEW or not paragraph) then return #cut(text) end
  if left >= FEW and paragraph and paragraph <= text_bytes then return paragraph end
  if #text > text_bytes and (left >= 2 or final) then return #cut(text) end
  return 0
end

--- The next message's content: a text or a reply; nil: nothing to send now.
---@param left integer of the quota
---@param cut fun(text: string): string
function Parts:next(left, cut)
  local text, other = ahead(self)
  local final = self.done or other ~= nil
  if text:find("%S") then
    local bytes = ready(text, left, final, cut)
    if bytes == 0 then return nil end
    pass(self, bytes)
    return (text:sub(1, bytes):gsub("^%s+", ""):gsub("%s+$", ""))
  end
  if not other then return nil end
  pass(self, #text)
  self.at, self.skip = self.at + 1, 0
  return other
end

--- Where the next message's content begins, for go_back.
function Parts:mark() return { self.at, self.skip } end

--- What came after the mark did not go out.
function Parts:go_back(mark) self.at, self.skip = mark[1], mark[2] end

--- All that has not gone out, in as few messages as it fits into: the content of one after the other.
---@param cut fun(text: string): string
function Parts:rest(cut)
  return function() return self:next(1, cut) end
end

--- Whether anything is left.
function Parts:left()
  local text, other = ahead(self)
  return text:find("%S") ~= nil or other ~= nil
end

---@param wechat table
---@param host table
return function(wechat, host)
  host.reply.Parts = Parts

  -- Those of the message at hand: a conversation goes on with another one.
  local function parts_of()
    local locals, message = host.session.locals(), host.message.get()
    local parts = locals.parts
    if not parts or parts.message ~= message then
      parts = setmetatable({ items = {}, at = 1, skip = 0, sent = 0, message = message, gate = wechat.gate(1) }, Parts)
      locals.parts = parts
    end
    return parts
  end

  host.reply.parts = parts_of

  --- The parts of the message at hand are a model's: the platform is told so.
  function host.reply.mark_ai() parts_of().ai = true end

  host.args.add(wechat, "say", { { "part", "any", "a string or a reply" } }, function(part)
    local parts = parts_of()
    if part == "" then return end
    host.reply.say(part, parts)
    local sends = host.reply.saying()
    parts.items[#parts.items + 1] = part
    if sends and not parts.sending then
      parts.sending = true
      host.reply.deliver(parts)
    end
  end, "Hands over a part of the answer and goes on. What was said by the deadline is the passive reply, up to its last whole "
    .. "sentence (nothing whole: as if nothing was said); the rest goes out as customer service messages, by whole paragraphs. Parts "
    .. "are joined as they are, with nothing between them: end them with what is to stand there. What on_message returns is the last "
    .. "part.")
end
