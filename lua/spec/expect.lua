-- expect(value):is(...) and its like. A failure says what was expected, what was there, and where they part.

return function(spec)
  local show = spec.show

  local function fail(format, ...) error({ failure = format:format(...) }, 0) end

  local function is_reply(value) return type(value) == "table" and rawget(value, "is_reply") == true end

  -- What a reply is compared by, but with a table: nil where none came, its text where it has one, else itself.
  local function plain(value, other)
    if not is_reply(value) or type(other) == "table" then return value end
    if #value == 0 then return nil end
    return value.text or value
  end

  -- Whether one of the texts in a reply's entries (titles, descriptions, addresses ...) holds `part`.
  local function shows(entry, part)
    for name, value in pairs(entry) do
      if type(value) == "table" and shows(value, part) then return true end
      if type(value) == "string" and name ~= "kind" and value:find(part, 1, true) then return true end
    end
    return false
  end

  local checks = {}

  --- Equal: tables by what is in them; a reply and a string by the reply's text.
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

  --- A string holds another; a reply without a text, one of its titles, descriptions, addresses; a list has an equal member.
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

  --- A string fits a Lua pattern.
  function checks.matches(value, pattern)
    value = plain(value, pattern)
    if type(value) ~= "string" or not value:find(pattern) then
      fail("  expected a text like %s\n  got      %s", show.value(pattern), show.value(value))
    end
  end

  --- A function raises; with a text, an error that holds it.
  function checks.raises(fn, part)
    local good, raised = pcall(fn)
    if good then fail("expected an error%s, there was none", part and " with " .. show.value(part) or "") end
    raised = show.raised(raised)
    if part and not raised:find(part, 1, true) then fail("  expected an error with %s\n  got      %s", show.value(part), raised) end
  end

  --- A function comes to return what is expected, within some seconds (1): for what the bot does beside its reply.
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
      local names = {}
      for known in pairs(methods) do names[#names + 1] = known end
      table.sort(names)
      error(("expect(...) has no '%s': there are %s"):format(tostring(name), table.concat(names, ", ")), 2)
    end,
  }

  return function(value) return setmetatable({ value = value }, meta) end
end
