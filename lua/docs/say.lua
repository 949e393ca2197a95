-- What commands say of errors, in Chinese (src/cli/chinese.h).

local program = {}

--- Returns the Chinese of an error; where it is not known, the error itself.
---@param text string
---@return string
program.error = require "docs.sentence"(require "docs.errors_zh")

--- Returns the Chinese of what `wemoon check` found, one finding per line behind its place, which stays as it is.
---@param findings string
---@return string
function program.findings(findings)
  local say = require "docs.sentence"(require "docs.findings_zh")
  return (findings:gsub("[^\n]+", function(line)
    local place, what = line:match("^(.-:%d+:%d+: )(.*)$")
    return place and place .. say(what)
  end))
end

return program
