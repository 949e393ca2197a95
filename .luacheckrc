-- What `luacheck .` checks: the embedded Lua, the examples and the Lua tests.
std = "lua54"
max_line_length = false
self = false  -- a method takes self whether it needs it or not
-- The bench runs inside wrk and nginx; the scripts of tests/data are as users write them.
exclude_files = { "build", "**/node_modules", "tests/bench", "tests/data" }
ignore = { "212/msg" }  -- a handler names its message
read_globals = { "wechat", "test", "before_each", "expect", "bot" }

-- What a bot may define.
local hooks = { "on_message", "on_load", "on_unload", "on_error", "on_lost" }
files["scripts"] = { globals = hooks }
files["lua/new"] = { globals = hooks }
files["lua/bot"] = { globals = hooks }
files["tests"] = { globals = { "wechat", "on_message", "on_error", "on_load", "on_unload" } }
