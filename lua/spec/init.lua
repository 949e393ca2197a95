-- Specs: `test(name, fn)`, `expect(value)` and `bot`, for the files that `wemoon test` runs.
--
-- Each test has its own interpreters, platform and store: C makes them anew, loads the spec file and runs one of its
-- tests (src/cli/cmd_test.c).

local host = ...
local wechat = wechat

local spec = { host = host, wechat = wechat, tests = {}, before = {} }

spec.show = require "spec.show"
spec.expect = require("spec.expect")(spec)
spec.bot = require("spec.bot")(spec)

--- Defines a test; its name is the sentence that it proves.
---@param name string
---@param fn fun()
function _G.test(name, fn)
  if type(name) ~= "string" or type(fn) ~= "function" then error("test(name, fn): a name and a function", 2) end
  spec.tests[#spec.tests + 1] = { name = name, fn = fn }
end

--- Registers a function that runs before each test of the file.
---@param fn fun()
function _G.before_each(fn) spec.before[#spec.before + 1] = fn end

_G.expect, _G.bot = spec.expect, spec.bot

-- Returns the spec's source line at a failure.
local function source_line(place)
  local file, number = place:match("^(.*):(%d+)$")
  local count = 0
  local handle = file and io.open(file)
  if not handle then return "" end
  for line in handle:lines() do
    count = count + 1
    if count == tonumber(number) then
      handle:close()
      return ("    %s | %s\n"):format(number, line:match("^%s*(.-)%s*$"))
    end
  end
  handle:close()
  return ""
end

local function place_in_spec(traceback)
  return traceback:match("\n%s+(" .. spec.path:gsub("%p", "%%%0") .. ":%d+):")
end

local function describe(raised, traceback)
  local failure = type(raised) == "table" and raised.failure
  local text = failure or spec.show.raised(raised)
  local place = place_in_spec(traceback) or (type(raised) == "string" and raised:match("^([^:]+:%d+):"))
  if place and text:sub(1, #place) == place then text = text:sub(#place + 3) end
  return (place and "    " .. place .. ":\n" .. source_line(place) or "") .. "    " .. text:gsub("\n", "\n    ") .. "\n"
end

local program = {}

--- Loads the spec file; returns the names of its tests, one per line.
function program.load(json)
  local settings = host.json.decode(json)
  spec.path, spec.settings = settings.path, settings
  local chunk, fault = loadfile(settings.path, "t")
  if not chunk then error(fault, 0) end
  chunk()
  local names = {}
  for i, one in ipairs(spec.tests) do names[i] = one.name:gsub("\n", " ") end
  return table.concat(names, "\n")
end

--- Runs a test by its number; returns "passed", or "failed" and the indented reason.
function program.run(number)
  local one = spec.tests[math.tointeger(number)]
  local good, why = xpcall(function()
    for _, fn in ipairs(spec.before) do fn() end
    one.fn()
  end, function(raised) return describe(raised, debug.traceback("", 2)) end)
  return good and "passed" or "failed\n" .. why
end

return program
