-- What a model writes, piece by piece, as parts of an answer: Markdown becomes what a chat shows (wechat.plain) a whole
-- block at a time, of plain paragraphs a whole sentence at a time; its reasoning is left out.

local text = {}

local Text = {}
Text.__index = Text

-- The marks around reasoning at the beginning of a text.
local OPEN, CLOSE = "<think>", "</think>"

--- The text without its leading reasoning.
function text.without_reasoning(whole)
  local head = whole:match("^%s*()" .. OPEN)
  if not head then return whole end
  local _, past = whole:find(CLOSE, head, true)
  return past and (whole:sub(past + 1):gsub("^%s+", "")) or ""
end

-- Whether Markdown would read the sentence alone as it reads it in its paragraph.
local function is_balanced(sentence)
  local _, code = sentence:gsub("`", "")
  local rest, strong = sentence:gsub("%*%*", "")
  local _, stars = rest:gsub("%*", "")
  local _, open = sentence:gsub("%[", "")
  local _, close = sentence:gsub("%]", "")
  local _, under = sentence:gsub("_", "")
  local _, waves = sentence:gsub("~~", "")
  return code % 2 == 0 and strong % 2 == 0 and stars % 2 == 0 and open == close and under % 2 == 0 and waves % 2 == 0 and not sentence:find("%]%([^)]*$")
    and not sentence:find("<[^>]*$")
end

local pairs_of_marks = {
  { "“", "”" }, { "‘", "’" }, { "「", "」" }, { "『", "』" }, { "（", "）" }, { "《", "》" }, { "【", "】" }, { "%(", "%)" },
}

-- Whether a quotation or bracket is open: its closing mark, which belongs to the sentence, may come next.
local function is_open(sentence)
  for _, marks in ipairs(pairs_of_marks) do
    local _, opened = sentence:gsub(marks[1], "")
    local _, closed = sentence:gsub(marks[2], "")
    if opened > closed then return true end
  end
  local _, straight = sentence:gsub('"', "")
  return straight % 2 == 1
end

-- The beginnings of lines that are not plain paragraphs: they are shown by the block, items and headings by the line.
local function kind_of(line)
  if line:find("^%s*```") or line:find("^%s*~~~") then return "fence" end
  if line:find("^%s*|") or line:find("^%s*>") or line:find("^    ") or line:find("^%s*<") then return "block" end
  if line:find("^%s*[-*+]%s") or line:find("^%s*%d+[.)]%s") or line:find("^#+%s") then return "line" end
  return "paragraph"
end

-- The end of the fenced block that begins the text; nil if it is not there yet.
local function fence_end(buffer)
  local mark = buffer:match("^%s*(```+)") or buffer:match("^%s*(~~~+)")
  local _, past = buffer:find("\n%s*" .. mark:gsub("~", "%%~") .. "+%s*\n", #mark)
  return past
end

-- The length of the buffer that can be shown now; 0 if there is none.
local function ready(buffer, whole)
  local from = buffer:match("^%s*()")
  local body = buffer:sub(from)
  if body == "" then return 0 end
  local kind = kind_of(body:match("^[^\n]*"))
  if kind == "fence" then return (fence_end(body) or 1 - from) + from - 1 end
  local _, block = body:find("\n[ \t]*\n")
  if block then return from - 1 + block end
  if kind == "line" then
    local line = body:find("\n", 1, true)
    return line and from - 1 + line or 0
  end
  if kind ~= "paragraph" then return 0 end
  local sentence = whole(body)
  if sentence == "" or not is_balanced(sentence) then return 0 end
  if #sentence == #body and is_open(sentence) then return 0 end
  return from - 1 + #sentence + #body:match("^[ \t]*", #sentence + 1)
end

-- The white space before the next part, as a chat shows it: two line ends at most, without those that were told.
function Text:gap(space)
  local _, lines = space:gsub("\n", "")
  lines = math.min(self.told + lines, 2)
  return lines == 0 and space or ("\n"):rep(lines - self.told)
end

-- A block's end is told at once: it is what ends a paragraph.
function Text:tell_end()
  if not self.said or not self.space:find("\n[ \t]*\n") then return end
  local ends = self:gap(self.space)
  if ends ~= "" then self.wechat.say(ends) end
  self.told, self.space = self.told + #ends, ""
end

function Text:show(piece)
  local before, body, after = piece:match("^(%s*)(.-)(%s*)$")
  if body == "" then
    self.space = self.space .. piece
    return
  end
  -- What ends a sentence is the blank behind it.
  local shown, blank = self.wechat.plain(body), after:match("^[ \t]*$") or ""
  if shown ~= "" then
    self.wechat.say((self.said and self:gap(self.space .. before) or "") .. shown .. blank)
    self.said, self.told = true, 0
  end
  after = blank == "" and after or ""
  local kind = kind_of(body)
  self.space = (kind == "fence" or kind == "block") and "\n\n" or after
end

-- Passes over reasoning: false while it is not known what comes, or it is going on.
function Text:is_past_reasoning()
  if self.past then return true end
  local body = self.buffer:match("^%s*(.*)$")
  if body:sub(1, #OPEN) == OPEN then
    local _, past = body:find(CLOSE, 1, true)
    if not past then return false end
    self.buffer = body:sub(past + 1):gsub("^%s+", "")
  elseif OPEN:sub(1, #body) == body then
    return false
  end
  self.past = true
  return true
end

function Text:add(piece)
  self.buffer = self.buffer .. piece
  if not self:is_past_reasoning() then return end
  while true do
    local bytes = ready(self.buffer, self.host.reply.whole)
    if bytes <= 0 then return end
    local now = self.buffer:sub(1, bytes)
    self.buffer = self.buffer:sub(bytes + 1)
    self:show(now)
    self:tell_end()
  end
end

--- What is left.
function Text:finish()
  if not self:is_past_reasoning() and self.buffer:find(OPEN, 1, true) then return end
  if self.buffer:find("%S") then self:show(self.buffer) end
  self.buffer = ""
end

function text.new(wechat, host)
  return setmetatable({ wechat = wechat, host = host, buffer = "", space = "", told = 0, said = false, past = false }, Text)
end

return text
