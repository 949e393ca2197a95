-- What inputs of an attached prompt write with `print`, io.write, io.stdout and io.stderr: it goes to the prompt. Once
-- the prompt has ended, what a function from it still writes goes to the bot's own output. The bot's own functions of
-- these names, and what the bot's code writes with them, are unchanged.

local library = io
local HELD_MAX = 1 << 20 -- bytes; what is written beyond that is left out, until the prompt has shown this
local PIECES_MAX = 1000  -- then they are joined: an entry takes more memory than a short text

--- Creates the output of one prompt: { print, io, take, close }.
return function()
  local print = print -- the bot's own
  local ended = false
  local written, held, left_out = {}, 0, 0 -- the pieces that `take` has not returned yet; bytes

  local function keep(text)
    local room = HELD_MAX - held
    if #text > room then
      left_out = left_out + #text - room
      text = text:sub(1, room)
    end
    if text == "" then return end
    held = held + #text
    written[#written + 1] = text
    if #written > PIECES_MAX then written = { table.concat(written) } end
  end

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
    local text = table.concat(parts)
    if ended then library[self.name]:write(text) else keep(text) end
    return self
  end

  function methods.flush(self)
    if ended and is_file(self) then library[self.name]:flush() end
    return self
  end

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
    if ended then return print(...) end
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    keep(table.concat(parts, "\t") .. "\n")
  end

  --- Returns what was written since the last call, and how many bytes of it were left out.
  ---@return string text
  ---@return integer left_out
  function output.take()
    local text, missing = table.concat(written), left_out
    written, held, left_out = {}, 0, 0
    return text, missing
  end

  --- Ends the output: what the prompt has not shown, and what is written from now on, goes to the bot's own.
  function output.close()
    ended = true
    local text, missing = output.take()
    if missing > 0 then text = ("%s\n%d bytes more were written to the prompt, and left out\n"):format(text, missing) end
    if text ~= "" then library.stdout:write(text):flush() end
  end

  -- After a reload the prompt goes on in another state, and no longer reads what is written in this one.
  return setmetatable(output, { __gc = output.close })
end
