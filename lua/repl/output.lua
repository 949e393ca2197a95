-- What inputs of an attached prompt write with `print`, io.write, io.stdout and io.stderr: it goes to the prompt. The
-- bot's own functions of these names, and what the bot's code writes with them, are unchanged.

local library = io

--- Creates the output of one prompt: { print, io, take }.
return function()
  local written = {} -- the pieces that `take` has not returned yet

  local function fail(method, position, wanted, value)
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(position, method, wanted, type(value)), 3)
  end

  -- The prompt's files stand for io.stdout and io.stderr: they are written to, and stay open.
  local file = { __name = "FILE*", __index = {} }
  local methods = file.__index

  function file.__tostring(self) return ("file (%s of the prompt)"):format(self.name) end

  local function is_file(value) return getmetatable(value) == file end

  function methods.write(self, ...)
    local parts = table.pack(...)
    if not is_file(self) then fail("write", 1, "FILE*", self) end
    for i = 1, parts.n do
      if type(parts[i]) ~= "string" and type(parts[i]) ~= "number" then fail("write", i, "string", parts[i]) end
    end
    written[#written + 1] = table.concat(parts)
    return self
  end

  function methods.flush(self) return self end
  function methods.setvbuf() return true end
  function methods.close() return nil, "cannot close standard file" end
  function methods.seek() return nil, "Illegal seek", 29 end
  function methods.read() return nil, "Bad file descriptor", 9 end
  function methods.lines() error("Bad file descriptor", 2) end

  local own = { stdout = setmetatable({ name = "stdout" }, file), stderr = setmetatable({ name = "stderr" }, file) }
  for name, value in pairs(library) do
    if own[name] == nil then own[name] = value end
  end

  local default = own.stdout -- where io.write writes

  function own.type(value) return is_file(value) and "file" or library.type(value) end

  function own.write(...) return default:write(...) end

  function own.output(to)
    if type(to) == "string" then
      local opened, why = library.open(to, "w")
      if not opened then error(why, 2) end
      default = opened
    elseif to ~= nil then
      if not own.type(to) then fail("output", 1, "FILE*", to) end
      default = to
    end
    return default
  end

  function own.close(one) return (one or default):close() end

  local output = { io = own }

  function output.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    written[#written + 1] = table.concat(parts, "\t") .. "\n"
  end

  --- Returns what was written since the last call.
  ---@return string
  function output.take()
    local text = table.concat(written)
    written = {}
    return text
  end

  return output
end
