-- The prompt: takes lines and returns the text to print. C reads the lines and prints (src/cli/cmd_repl.c).
--
-- The functions of the returned table take and return strings. `line` returns a word on a line of its own (done,
-- failed, more, quit), followed by the text.
--
-- For wemoon repl --attach it is loaded into the bot's own Lua state, once for each prompt; `about` is then JSON that
-- describes the bot.

local texts_zh = require "repl.texts_zh"

local host, about = ...
local wechat = host.wechat

local repl = {
  host = host, wechat = wechat,
  user = "alice",      -- the user of .say and the other acts
  typed = {},          -- inputs that succeeded, for .save
  bot = about and host.json.decode(about) or nil,
}

-- An attached prompt's own; the bot's `print` and `io` are unchanged.
local output = repl.bot and require("repl.output")()

repl.env = output and require("repl.scope") { print = output.print, io = output.io } or _G

repl.paint = require("repl.paint")()

-- Breaks prose at the terminal's width; a pipe gets it as it is.
function repl.fitted(text, indent)
  if repl.settings.terminal == "" then return text end
  return repl.paint.wrap(text, repl.columns, indent)
end

-- Returns what the prompt itself says in the user's language: the English as it is written, or its Chinese.
function repl.say(english, ...)
  local text = repl.settings.lang == "zh" and texts_zh(english) or english
  return select("#", ...) > 0 and text:format(...) or text
end

-- Returns an error of this machine or of the platform in the user's language.
function repl.fault(err)
  if repl.settings.lang ~= "zh" then return tostring(err) end
  if type(err) == "table" and err.hint then return require "wechat.online_words"("zh").error(err) end
  return require("docs.say").error(tostring(err))
end

function repl.error(text) return repl.paint.text("bad", repl.say "error: ") .. text end

repl.print = require("repl.print")(repl)
local evaluate = require("repl.evaluate")(repl)
local commands = require("repl.commands")(repl)
repl.api_trace = require("repl.api_trace")(repl)
local complete = require("repl.complete")(repl, commands)

-- The default on_message, until one is defined at the prompt.
if not repl.bot then function _G.on_message() end end

if repl.env.menu == nil then repl.env.menu = wechat.menu.new() end

local function answer(word, text)
  if text ~= "" and text:sub(-1) ~= "\n" then text = text .. "\n" end
  return word .. "\n" .. text
end

local function banner_beside(bot)
  local where = repl.say("process %d serves %s: what you do here, it does", bot.pid, repl.paint.safe(bot.script))
  local states = bot.states > 1 and repl.say("one of its %d Lua states: the others have globals of their own\n", bot.states) or ""
  return repl.say("wemoon %s · %s\n%s.conversations, .end OPENID, .reload · .help lists the rest\n", bot.version, where, states)
end

-- Where calls go: `real` is the api_base that takes them, "" the simulated platform's.
local function destination(real)
  if real == "" then return repl.say "no appid and appsecret: calls go to a simulated platform" end
  if real:find "^https://api%.weixin%.qq%.com/?$" then return repl.say "calls go to the real platform" end
  return repl.say("calls go to %s (api_base)", repl.paint.safe(real))
end

local function banner(settings)
  if repl.bot then return banner_beside(repl.bot) end
  local where = destination(settings.real)
  local bot = settings.script ~= "" and repl.say("%s answers what you .say", settings.script)
    or repl.say "define an on_message, and .say 你好 to it"
  return repl.say("wemoon %s · %s\n%s · .help lists the rest\n", settings.version, where, bot)
end

-- The current message persists between inputs: it is the message last sent or parsed. Returns its text.
local function take_message()
  if repl.document then pcall(wechat.parse_data, repl.document) end
  local message = wechat.get_message()
  return message and message.raw
end

-- An input that parsed a message made it the current one. What `.say` sent is in repl.document already.
local function keep_message(taken)
  local message = wechat.get_message()
  if message and message.raw ~= taken then repl.document = message.raw end
end

-- Returns what inputs have written at an attached prompt, in whole lines.
local function take_written()
  if not output then return "" end
  local text, left_out = output.take()
  text = repl.paint.safe(text)
  if text ~= "" and text:sub(-1) ~= "\n" then text = text .. "\n" end
  return left_out > 0 and text .. repl.say("%d more bytes were written: they are left out", left_out) .. "\n" or text
end

-- Runs a command or input; returns its answer, preceded by the API calls that it made if they are traced.
local function run(fn, ...)
  local taken = take_message()
  local word, text = fn(...)
  keep_message(taken)
  text = take_written() .. text
  local calls = repl.tracing and repl.api_trace.take() or ""
  return answer(word, calls ~= "" and text ~= "" and calls .. "\n" .. text or calls .. text)
end

local program = {}

function program.start(json)
  local settings = host.json.decode(json)
  repl.settings = settings
  repl.columns = math.max(20, tonumber(settings.columns) or 80)
  repl.paint.on = settings.color ~= ""
  if settings.terminal == "" then return "done\n" end
  local lines = banner(settings):gsub("[^\n]+", function(line) return repl.fitted(line, 0) end)
  return answer("done", lines)
end

-- What a newcomer types at a terminal to leave, or for help, where the script has no such name.
local function hint_for(input)
  local word = input:match("^%s*(%a+)%s*%(?%s*%)?%s*$") or input:match("^%s*(%?)%s*$") or input:match("^%s*(？)%s*$")
  if repl.settings.terminal == "" or not word or repl.env[word] ~= nil then return nil end
  if word == "help" or word == "?" or word == "？" then return repl.say "commands begin with a dot: .help lists them" end
  if word == "exit" or word == "quit" then return repl.say "to leave: .quit, or Ctrl-D" end
end

local function is_yes(input) return input:match("^%s*[yY][eE]?[sS]?%s*$") or input:match("^%s*是%s*$") end
local function is_no(input) return input:match("^%s*[nN][oO]?%s*$") or input:match("^%s*否%s*$") end

local function run_input(input)
  if input:match("^%s*$") then return "done\n" end
  if input:find("^%s*%.%a") then return run(commands.run, input) end
  local hint = hint_for(input)
  if hint then return answer("done", hint) end
  return run(evaluate, input)
end

-- One input, or an answer to what the last one asked. Any other input means no, and is run.
local function take_line(input)
  local asked = repl.asked
  repl.asked = nil
  if not asked then return run_input(input) end
  if is_yes(input) then return run(asked) end
  if is_no(input) then return answer("done", repl.say "not done") end
  local word, text = run_input(input):match("^(%a+)\n(.*)$")
  return answer(word, repl.say "not done" .. "\n" .. text)
end

--- Runs an input. What the bot sent since the last one comes first, asked for last: an interrupted input prints
--- nothing.
function program.line(input)
  local word, text = take_line(input):match("^(%a+)\n(.*)$")
  local later = commands.later()
  return answer(word, later == "" and text or later .. "\n" .. text)
end

--- Returns what the bot has sent by itself since it was last asked, while nothing was run.
function program.news()
  local text = commands.news()
  return text == "" and "" or text .. "\n"
end

--- Does nothing: who calls it may wait for what inputs have spawned.
function program.settle() return "" end

--- Ends the prompt: what its inputs have left in the bot writes to the bot's own output from now on.
function program.close()
  if output then output.close() end
end

--- Sets the terminal's width in columns.
function program.resize(columns)
  repl.columns = math.max(20, tonumber(columns) or 80)
  return ""
end

function program.complete(before)
  local length, candidates = complete(before)
  return length .. "\n" .. table.concat(candidates, "\n")
end

return program
