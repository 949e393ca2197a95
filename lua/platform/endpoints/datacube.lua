-- Statistics: dates are checked as on the platform; nothing is counted, so the lists are empty.

local limits = require "platform.limits"

local DAY_S, BEIJING_S = 86400, 8 * 3600
local READY_HOUR = 8 -- in Beijing, when the previous day's numbers are available

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year) return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) end

-- Converts "2026-11-28" to a day number that grows by one per day; nil if the date is invalid.
local function day_of(text)
  local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local last = MONTH_DAYS[month]
  if month == 2 and is_leap(year) then last = 29 end
  if not last or day < 1 or day > last then return nil end
  local before = year - 1
  local number = before * 365 + before // 4 - before // 100 + before // 400 + day
  for i = 1, month - 1 do number = number + MONTH_DAYS[i] end
  return month > 2 and is_leap(year) and number + 1 or number
end

local function fault_of(p, begin_date, end_date, most)
  local first, last = day_of(begin_date), day_of(end_date)
  if not first or not last then return 61500 end
  local here = p.now() + BEIJING_S
  local today = day_of(os.date("!%Y-%m-%d", here))
  if first > last or last - first >= most or last >= today then return 61501 end
  if last == today - 1 and here % DAY_S < READY_HOUR * 3600 then return 61503 end
end

local endpoints = {}

for name, most in pairs(limits.datacube_days) do
  endpoints["datacube." .. name] = function(p, call)
    local code = fault_of(p, call.body.begin_date, call.body.end_date, most)
    if code then return nil, code end
    local answer = { list = p.host.json.array {} }
    if name:find("^getarticle") or name == "getbizsummary" then answer.is_delay = false end
    return answer
  end
end

return endpoints
