-- The statements of the parser in parse.lua.

local meanings = require "check.meanings"

---@param Parser table gets the methods
return function(Parser)
  function Parser:assign(target, value)
    if target.called then return end
    if target.variable then
      target.variable.reads = target.variable.reads - 1
      self.notes:assign(target.variable, meanings.kept(value))
    elseif target.field or target.index then self.watch.set(target.base, target.field)
    elseif target.name then
      local is_first = self.loading[target.name] or target.keeps
      self.watch.assign_global(target.name, target.token, not is_first and self.answering or nil)
    end
  end

  -- Whether the name in an expression that comes next is all of it, or the first of several: `name or ...`.
  function Parser:begins_with(name, mark)
    local first, second = self.tokens[self.at], self.tokens[self.at + 1]
    return first.kind == "name" and first.text == name and second.mark == mark
  end

  -- A function at the top level, where nothing decides whether it is defined.
  function Parser:defines(token, is_function)
    local is_sure = is_function and not self.scope.up and not self.visible._ENV
    if is_sure then self.watch.defines(token.text, token, meanings.hooks[token.text] ~= nil) end
  end

  -- What the global function of that name gets if wemoon calls it.
  function Parser:hook(name) return not self.visible._ENV and meanings.hooks[name] or nil end

  function Parser:assignment()
    local _, _, target = self:suffixed()
    local targets = { target }
    while self:accept(",") do
      _, _, targets[#targets + 1] = self:suffixed()
    end
    if not self:is("=") then
      if target.meaning then self:was_read(target.meaning) end
      if target.callee then self.watch.drops(target.callee) end
      return
    end
    self:expect("=")
    local is_global = #targets == 1 and not target.variable and target.name
    local hook = is_global and self:hook(target.name)
    if is_global then self:defines(target.token, self:is("function")) end
    target.keeps = target.name and self:begins_with(target.name, "or")
    local values = self:expressions(hook and self.found:gets(target.name, hook))
    if hook then self.notes:handler(values[1], hook) end
    for i, one in ipairs(targets) do self:assign(one, values[i]) end
  end

  function Parser:local_statement()
    if self:accept("function") then
      local place, name = self.at, self:next()
      self:declare(name.text, { kind = "function", place = place }, name)
      return self:body(self.found:gets(place))
    end
    local names = {}
    repeat
      names[#names + 1] = self:next()
      if self:accept("<") then
        self:next()
        self:expect(">")
      end
    until not self:accept(",")
    local values = self:accept("=") and self:expressions()
    for i, name in ipairs(names) do
      self:declare(name.text, values and meanings.kept(values[i]) or not values and meanings.nothing or nil, name)
    end
  end

  function Parser:function_statement()
    local token = self:next()
    local base, variable = self:name(token)
    local target, is_method = { variable = variable, name = token.text }, false
    while self:is(".") or self:is(":") do
      is_method = self:next().text == ":"
      local name = self:next()
      target = { base = base, field = name.text }
      base = nil
    end
    self:assign(target)
    local is_global = not target.field and not variable
    if is_global then self:defines(token, true) end
    self:body(is_global and self.found:gets(target.name, self:hook(target.name)) or nil, is_method)
  end

  function Parser:for_statement()
    local names = {}
    repeat names[#names + 1] = self:next().text until not self:accept(",")
    if not self:accept("in") then self:expect("=") end
    local iterator = self:expressions()[1] or {}
    self:expect("do")
    self:open()
    local given = { meanings.kept(iterator.first), meanings.kept(iterator.each) }
    for i, name in ipairs(names) do self:declare(name, given[i]) end
    self:conditionally(self.block)
    self:close()
    self:expect("end")
  end

  function Parser:scoped_block()
    self:open()
    self:block()
    self:close()
  end

  -- The global that `if not NAME then` or `if NAME == nil then` asks for.
  function Parser:missing_name()
    local first, second, third = table.unpack(self.tokens, self.at, self.at + 2)
    if first.mark == "not" and second.kind == "name" and third.mark == "then" then return second.text end
    return first.kind == "name" and second.mark == "==" and third.mark == "nil" and first.text or nil
  end

  function Parser:if_statement()
    local name = self:missing_name()
    self:expression()
    self:expect("then")
    local before = self.loading[name or ""]
    if name then self.loading[name] = true end
    self:conditionally(self.scoped_block)
    if name then self.loading[name] = before end
    while self:accept("elseif") do
      self:conditionally(self.expression)
      self:expect("then")
      self:conditionally(self.scoped_block)
    end
    if self:accept("else") then self:conditionally(self.scoped_block) end
    self:expect("end")
  end

  -- The condition is in the scope of the block's locals.
  function Parser:repeat_statement()
    self:open()
    self:block()
    self:expect("until")
    self:expression()
    self:close()
  end

  function Parser:do_statement()
    self:scoped_block()
    self:expect("end")
  end

  function Parser:while_statement()
    self:expression()
    self:expect("do")
    self:conditionally(self.do_statement)
  end

  function Parser:label()
    self:next()
    self:expect("::")
  end

  function Parser:goto_statement()
    self:next()
    self.has_returned = true
  end

  local function nothing() end

  -- By what they begin with.
  local statements = {
    [";"] = nothing, ["break"] = nothing, ["goto"] = Parser.goto_statement, ["::"] = Parser.label, ["do"] = Parser.do_statement,
    ["while"] = Parser.while_statement, ["repeat"] = Parser.repeat_statement, ["if"] = Parser.if_statement,
    ["for"] = Parser.for_statement, ["function"] = Parser.function_statement, ["local"] = Parser.local_statement,
  }

  function Parser:statement()
    local parts = statements[self.tokens[self.at].mark]
    if not parts then return self:assignment() end
    self.at = self.at + 1
    parts(self)
  end

  local ends = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }

  local function ends_block(token) return token.kind == "end" or ends[token.mark] end

  function Parser:returned(value)
    local gets = self.gets
    if not gets or not value then return end
    if gets.answers and value.kind == "table" then self.watch.answers(gets.answers, value) end
    if gets.meaning.kind == "message" and not gets.is_shared then self.watch.returns(value, gets) end
  end

  function Parser:block()
    while not ends_block(self:peek()) do
      if self:accept("return") then
        if not ends_block(self:peek()) and not self:is(";") then self:returned(self:expressions()[1]) end
        self:accept(";")
        self.has_returned = true
        return
      end
      self.handed_on = false
      self:statement()
    end
  end
end
