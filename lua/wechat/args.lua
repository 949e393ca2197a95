-- The arguments of every method of `wechat`: in order, or one table with their names.

---@class Parameter one row of a method's parameters
---@field [1] string name
---@field [2] string type: string, integer, number, boolean, table, function, file, any; "a|b"; optional "a?"
---@field [3]? string what it means, for .help and the editor
---@field beside? boolean of a table: its fields may also stand beside the named arguments

---@class MethodEntry what is known of a method, for .help, completion and the editor
---@field parameters? Parameter[]
---@field doc string
---@field calls? string the endpoint that it calls

---@param host table what C gives to the Lua half
return function(host)
  local checks = host.args  -- the C half; host.args is replaced by the result of this function
  local args = {
    ---@type table<string, MethodEntry> by the name after `wechat.`
    methods = {},
  }

  --- Makes a method. The body gets its arguments in order, checked, with nil for arguments that were left out. A wrong
  --- or missing argument raises an error with its name and the caller's line; so does `args.fail` in
  --- the body. Where the first parameter can be a table, one table counts as named arguments only if it holds
  --- that parameter's name. Arguments beyond the parameters are dropped. Without `parameters` the body gets
  --- all arguments unchecked.
  ---@param name string the name after `wechat.`
  ---@param parameters Parameter[]?
  ---@param body function may wait
  ---@param doc string one line
  ---@param calls string? the endpoint that it calls, for the reference
  ---@return function
  function args.method(name, parameters, body, doc, calls)
    args.methods[name] = { parameters = parameters, doc = doc, calls = calls }
    return checks.method("wechat." .. name, parameters, body)
  end

  --- Makes a method and stores it under its dotted name: `add(wechat, "utf8.len", ...)` sets wechat.utf8.len.
  ---@param wechat table
  ---@param name string
  ---@param parameters Parameter[]?
  ---@param body function
  ---@param doc string
  ---@param calls string?
  function args.add(wechat, name, parameters, body, doc, calls)
    local where = wechat
    for group in name:gmatch("([^.]+)%.") do
      if not rawget(where, group) then rawset(where, group, {}) end
      where = rawget(where, group)
    end
    rawset(where, name:match("[^.]+$"), args.method(name, parameters, body, doc, calls))
  end

  --- Raises the text with the line that called the current method: for a body that finds a fault in its
  --- arguments.
  ---@param format string as in string.format
  function args.fail(format, ...)
    checks.fail(format:format(...))
  end

  return args
end
