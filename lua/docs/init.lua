-- Writes the reference from the documentation in methods, endpoints and tables: the manual page, and an HTML page.

local host = ...
local wechat = wechat

local html = require "docs.html"
local man = require "docs.man"
local commands_zh = require "docs.commands_zh"
local words = require "docs.words"
local paint = require("repl.paint")()

local COLUMNS = 100 -- of help, as in src/cli

-- Breaks the lines of a text, which ends with a line end, and leaves those of tables, which begin with blanks.
local function wrapped(text)
  if text ~= "" and text:sub(-1) ~= "\n" then text = text .. "\n" end
  return (text:gsub("[^\n]+", function(line) return line:find("^ ") and line or paint.wrap(line, COLUMNS, 0) end))
end

local _ = wechat.call -- loads the methods that call the platform

local program = {}

--- Returns the manual page. `about`: JSON of its language ("zh" or "en"), the version, the configuration's keys, and
--- the commands.
---@param about string
---@return string
function program.man(about) return man(host.args.methods, assert(host.json.decode(about))) end

--- Returns the HTML page. `about`: the same, without the commands.
---@param about string
---@return string
function program.html(about)
  return html(host.args.methods, assert(host.json.decode(about)))
end

--- Returns the Chinese texts of --help as JSON, by group and name (src/cli/help_texts.h).
---@return string
function program.help()
  local groups = { help = words.help, key = words.keys }
  for name, command in pairs(commands_zh) do
    local group = { summary = command.summary, details = wrapped(command.details or "") }
    for option, text in pairs(command.options or {}) do group["--" .. option] = text end
    groups[name] = group
  end
  return host.json.encode(groups)
end

return program
