-- Writes the reference from the documentation in methods, endpoints and tables: the manual page, and an HTML page.

local host = ...
local wechat = wechat

local html = require "docs.html"
local man = require "docs.man"

local _ = wechat.call -- loads the methods that call the platform

local program = {}

--- Returns the manual page. `about`: JSON of its language ("zh" or "en"), the version, the configuration's keys, and the
--- commands.
---@param about string
---@return string
function program.man(about) return man(host.args.methods, assert(host.json.decode(about))) end

--- Returns the HTML page. `about`: the same, without the commands.
---@param about string
---@return string
function program.html(about)
  return html(host.args.methods, assert(host.json.decode(about)))
end

return program
