-- The globals of inputs. At a prompt of its own they are _G. At a running bot they are the bot's, undefined ones nil,
-- except those of the prompt: `_`, `print`, `io` and, if the bot has no global of that name, `menu`.

local globals = _G

local function is_own(own, name)
  if name == "menu" then return rawget(globals, "menu") == nil end
  return name == "_" or own[name] ~= nil
end

---@param own table the prompt's own globals
return function(own)
  local scope = {}
  function scope.__index(_, name)
    if is_own(own, name) then return own[name] end
    return rawget(globals, name)
  end
  function scope.__newindex(_, name, value)
    if is_own(own, name) then own[name] = value else rawset(globals, name, value) end
  end
  function scope.__pairs()
    local all = {}
    for name, value in next, globals do all[name] = value end
    for name, value in next, own do
      if is_own(own, name) then all[name] = value end
    end
    return next, all
  end
  return setmetatable({}, scope)
end
