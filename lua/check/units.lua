-- Numbers that look like milliseconds where a call takes seconds: wechat.sleep(5000).

local units = {}

local MINUTE <const>, HOUR <const>, DAY <const> = 60, 3600, 86400

-- Waits and pauses: these are rarely longer than an hour or two, unless they are whole hours.
local short = { seconds = true, interval = true, timeout = true, idle_timeout = true }
-- Times for which something is kept, which may be days.
local long = { ttl_s = true, timeout_s = true, per_s = true }

-- Whether it is a number of hundreds that is no usual time in seconds. 1800 and 5400 are.
local function is_odd_wait(value)
  local is_usual = value % HOUR == 0 or (value <= 2 * HOUR and value % (5 * MINUTE) == 0)
  return value >= 1000 and value % 100 == 0 and not is_usual
end

-- Whether it is whole minutes in milliseconds, and in seconds no whole hours; or whole quarters of an hour in
-- milliseconds, which nobody has in mind as 10.4 days.
local function is_odd_while(value)
  local is_minutes = value >= MINUTE * 1000 and value % (MINUTE * 1000) == 0
  return is_minutes and (value % HOUR ~= 0 or value % (HOUR * 1000 // 4) == 0)
end

local function words_of(seconds)
  if seconds >= 2 * DAY then return ("%.1f days"):format(seconds / DAY) end
  if seconds >= 2 * HOUR then return ("%.1f hours"):format(seconds / HOUR) end
  return ("%.0f minutes"):format(seconds / MINUTE)
end

--- Returns why a value of seconds is hardly meant; nil if it may be.
---@param path string what it is given to, "wechat.sleep"
---@param name string the parameter's or the option's, "timeout_s"
---@param value Meaning?
---@return string?
function units.doubt(path, name, value)
  local number = value and value.kind == "literal" and math.type(value.value) and value.value
  if not number then return nil end
  local is_odd = (short[name] and (is_odd_wait(number) or is_odd_while(number))) or (long[name] and is_odd_while(number))
  if not is_odd then return nil end
  local what = name == "seconds" and path or path .. ": " .. name
  return ("%s takes seconds: %.14g are %s; did you mean %.14g?"):format(what, number, words_of(number), number / 1000)
end

return units
