-- What commands say of errors, in Chinese (src/cli/chinese.h).

local program = {}

--- Returns the Chinese of an error; where it is not known, the error itself.
---@param text string
---@return string
program.error = require "docs.sentence"(require "docs.errors_zh")

return program
