-- expect(value):is(...) and the other checks. A failure shows the expected and actual value and where they differ.

local misread = require "wechat.misread"

return function(spec)
  local show = spec.show

  local function fail(format, ...) error({ failure = format:format(...) }, 0) end

  local function is_reply(value) return type(value) == "table" and rawget(value, "is_reply") == true end

  -- Returns the value that a reply is compared by: with a table the reply itself, else its text if any; nil if empty.
  local function plain(value, other)
    if not is_reply(value) or type(other) == "table" then return value end
    if #value == 0 then return nil end
    return value.text or value
  end

  -- Whether a text in a reply's entry (title, description, URL and so on) contains `part`.
  local function shows(entry, part)
    for name, value in pairs(entry) do
      if type(value) == "table" and shows(value, part) then return true end
      if type(value) == "string" and name ~= "kind" and value:find(part, 1, true) then return true end
    end
    return false
  end

  local checks = {}

  --- Equality: tables by content; a reply and a string by the reply's text.
  function checks.is(value, expected)
    local found = show.difference(plain(value, expected), expected)
    if found then fail("%s", found) end
  end

  function checks.is_not(value, other)
    if not show.difference(plain(value, other), other) then fail("expected something else than %s", show.value(other)) end
  end

  function checks.is_nil(value)
    value = plain(value)
    if value ~= nil then fail("  expected nil\n  got      %s", show.value(value)) end
  end

  function checks.exists(value)
    if plain(value) == nil then fail("expected something, got nil") end
  end

  --- A string contains another; a reply without text, in a title, description or URL; a list, as an equal member.
  function checks.contains(value, part)
    value = plain(value, part)
    if is_reply(value) and type(part) == "string" then
      local entries = { table.unpack(value) }
      if not shows(entries, part) then fail("  expected a reply with %s\n  got      %s", show.value(part), show.value(entries)) end
      return
    end
    if type(value) == "string" then
      if not value:find(tostring(part), 1, true) then fail("  expected a text with %s\n  got      %s", show.value(part), show.value(value)) end
      return
    end
    if type(value) ~= "table" then fail("  expected a text or list with %s\n  got      %s", show.value(part), show.value(value)) end
    for _, member in ipairs(value) do
      if not show.difference(member, part) then return end
    end
    fail("  expected a list with %s\n  got      %s", show.value(part), show.value(value))
  end

  --- A string matches a Lua pattern.
  function checks.matches(value, pattern)
    value = plain(value, pattern)
    if type(value) ~= "string" or not value:find(pattern) then
      fail("  expected a text like %s\n  got      %s", show.value(pattern), show.value(value))
    end
  end

  --- A function raises an error; with `part`, an error that contains it.
  function checks.raises(fn, part)
    local good, raised = pcall(fn)
    if good then fail("expected an error%s, there was none", part and " with " .. show.value(part) or "") end
    raised = show.raised(raised)
    if part and not raised:find(part, 1, true) then fail("  expected an error with %s\n  got      %s", show.value(part), raised) end
  end

  --- A function returns the expected value within `seconds` (1): for effects of the bot other than its reply.
  function checks.becomes(fn, expected, seconds)
    if type(fn) ~= "function" then error("expect(FUNCTION):becomes(VALUE): a function that is called until it returns the value", 0) end
    for _ = 1, (seconds or 1) * 100 do
      if not show.difference(plain(fn(), expected), expected) then return end
      spec.host.time.sleep(0.01)
    end
    checks.is(fn(), expected)
  end

  local methods = {}
  for name, check in pairs(checks) do
    methods[name] = function(self, ...)
      check(rawget(self, "value"), ...)
      return self
    end
  end

  local meta = {
    __index = function(_, name)
      if methods[name] then return methods[name] end
      local names = table.concat(misread.names(methods), ", ")
      error(("expect(...) has no '%s': there are %s"):format(tostring(name), names), 2)
    end,
  }

  return function(value) return setmetatable({ value = value }, meta) end
end
