-- Generates the editor's settings (.luarc.json) as text, and the annotations for completion.

local host = ...

local settings = {
  ["runtime.version"] = "Lua 5.4",
  ["workspace.library"] = { ".wemoon" },
  ["workspace.checkThirdParty"] = false,
  ["diagnostics.globals"] = { "wechat", "on_message", "on_load", "on_unload", "on_error", "on_lost", "test", "before_each", "expect", "bot" },
}

-- The settings of luacheck: the globals that a bot has and defines.
local luacheckrc = [[
std = "lua54"
max_line_length = false
ignore = { "212/msg" } -- %s
exclude_files = { ".wemoon" }
read_globals = { "wechat" }
globals = { "on_message", "on_load", "on_unload", "on_error", "on_lost" }
files["*_spec.lua"] = { read_globals = { "test", "before_each", "expect", "bot" } }
]]

local handler = { en = "a handler names its message", zh = "处理函数的参数叫 msg，用不用都写出来" }

local program = {}

--- Returns the files' texts by their names, as JSON.
---@param lang "en"|"zh" the language of comments
---@return string
function program.files(lang)
  local files = { [".luarc.json"] = host.json.encode(settings) .. "\n", [".gitignore"] = "*.db\n*.db-shm\n*.db-wal\n", [".luacheckrc"] = luacheckrc:format(handler[lang]) }
  for name, text in pairs(require("meta.generate").files()) do files[".wemoon/" .. name] = text end
  return host.json.encode(files)
end

return program
