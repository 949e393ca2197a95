-- Faults that can be switched on to test a bot.

-- The faults and the types of their values. A fault that is off is nil in p.faults.
local known = {
  slow_ms = "number",  -- delay of every API answer, milliseconds
  fail = "number",     -- errcode of every API call
  revoke = "boolean",  -- every token is rejected, new ones too
  quota = "boolean",   -- the daily quota is exhausted (45009)
  twice = "boolean",   -- every message is delivered twice, as the platform occasionally does
  network = "boolean", -- the bot and the platform cannot reach each other
}

local short = { slow = "slow_ms" }

return function(p)
  p.faults = {}
  p.on_reset(function() p.faults = {} end)

  --- Switches faults on or off: false, null or 0 switches a fault off; faults not named are unchanged.
  ---@return boolean?, string? nil and what is wrong
  function p.switch_faults(wanted)
    local faults = {}
    for name, value in pairs(wanted) do
      name = short[name] or name
      local kind = known[name]
      if not kind then return nil, ("unknown fault '%s': write slow, fail, revoke, quota, twice or network"):format(name) end
      if value == p.host.json.null or value == 0 then value = false end
      if value and type(value) ~= kind or kind == "number" and value and value < 0 then
        return nil, ("the fault '%s' takes a %s"):format(name, kind == "number" and "number" or "true or false")
      end
      faults[name] = value
    end
    for name, value in pairs(faults) do p.faults[name] = value or nil end
    p.emit("faults", p.faults)
    return true
  end

  --- Switches faults on by the command line's text: "slow=3000,fail=45009,twice".
  function p.parse_faults(text)
    local wanted = {}
    for part in text:gmatch("[^,%s]+") do
      local name, value = part:match("^(%w+)=(.*)$")
      name = name or part
      if known[short[name] or name] == "number" then
        wanted[name] = tonumber(value or "")
        if not wanted[name] then return nil, ("--fault %s: write %s=NUMBER"):format(part, part:match("^%w+")) end
      else
        wanted[name] = true
      end
    end
    local done, why = p.switch_faults(wanted)
    return done, why and "--fault: " .. why
  end
end
