-- What commands say of errors, in Chinese (src/cli/language.h).

local commands_zh = require "docs.commands_zh"
local words = require "docs.words"

local program = {}

local say = require "docs.sentence"(require "docs.errors_zh")

local function help_of(option)
  local key = words.keys[(option:gsub("%-", "_"))]
  if key then return key end
  for _, command in pairs(commands_zh) do
    if command.options and command.options[option] then return command.options[option] end
  end
end

-- "did you mean --listen? --listen ADDRESS: ...": the help comes from the tables of options.
local function with_help(text)
  local head, option, rest = text:match("^(没有选项 .*？%-%-([%w-]+) %S+：)(.*)$")
  local help = option and help_of(option)
  return help and head .. help .. (rest:match("（以横线.*$") or "") or text
end

--- Returns the Chinese of an error; where it is not known, the error itself.
---@param text string
---@return string
function program.error(text) return with_help(say(text)) end

--- Returns the Chinese of what `wemoon check` found, one finding per line behind its place, which stays as it is.
---@param findings string
---@return string
function program.findings(findings)
  local say_finding = require "docs.sentence"(require "docs.findings_zh")
  return (findings:gsub("[^\n]+", function(line)
    local place, what = line:match("^(.-:%d+:%d+: )(.*)$")
    return place and place .. say_finding(what)
  end))
end

return program
