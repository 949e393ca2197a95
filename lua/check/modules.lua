-- The files of a check: the script, and the modules that it requires.

local nearest = require "wechat.nearest"
local parse = require "check.parse"
local syntax = require "check.syntax"

local SOURCE_MAX <const> = 64 << 20 -- as in src/base/file.h

-- Where modules are searched for below the script's folder: its own, and those of others (src/script/loader.c).
local beside <const> = { "%s.lua", "%s/init.lua" }
local tree <const> = { "lua_modules/share/lua/5.4/%s.lua", "lua_modules/share/lua/5.4/%s/init.lua" }

local function is_wemoons(module)
  return package.loaded[module] ~= nil or package.preload[module] ~= nil or type(package.searchers[3](module)) == "function"
end

local of_users = { "wechat.bot", "wechat.model" }

---@param Check table gets the methods
---@param host table
return function(Check, host)
  function Check:path_of(module, forms)
    for _, form in ipairs(forms) do
      local path = self.folder .. form:format((module:gsub("%.", "/")))
      local file = io.open(path, "rb")
      if file then
        file:close()
        return path
      end
    end
  end

  -- Reads a module where there is one. Returns "read", "unread" (of C, or not understood) or "missing".
  function Check:read_module(module)
    local path = self:path_of(module, beside)
    if path then return self:look(path) and "read" or "unread" end
    if is_wemoons(module) then return "read" end
    path = self:path_of(module, tree) or package.searchpath(module, package.path)
    self.runs_unread = self.runs_unread or path ~= nil -- only the names that it sets are heard
    if path then return self:look(path, true) and "read" or "unread" end
    return package.searchpath(module, package.cpath) and "unread" or "missing"
  end

  function Check:module(name)
    if not self.seen[name] then
      self.seen[name] = "read" -- while it is being read: modules may require each other
      self.seen[name] = self:read_module(name)
    end
    return self.seen[name]
  end

  -- `name`: nil if it is computed. One that is missing sets nothing.
  function Check:required(file, name, token, is_optional, call)
    local state = name and self:module(name)
    if not name then self:hide(file, token, "require")
    elseif state == "unread" then self:hide(file, token, name)
    elseif state == "missing" and not is_optional then
      table.insert(self.missing, { file = file, token = token, name = name, is_sure = call.is_sure })
    end
    if name and call.is_loading and not is_optional then self:note_requirement(file, token, name) end
  end

  -- Keeps which file requires which while it loads. What is loaded already is not searched for.
  function Check:note_requirement(file, token, name)
    local path = package.loaded[name] == nil and self:path_of(name, beside)
    if not path then return end
    self.required_files[file] = self.required_files[file] or {}
    table.insert(self.required_files[file], { path = path, token = token })
  end

  -- Where the script may see to it that the call is not made, it is a note. A script that has to do with `package` may find modules elsewhere.
  function Check:judge_missing()
    for _, one in ipairs(self.other_reads.package and {} or self.missing) do
      local near = nearest(one.name, of_users, 2)
      local hint = near and ("; did you mean %s?"):format(near) or ""
      local text = "there is no module %s beside the script, in its lua_modules or along package.path%s"
      text = (one.is_sure and "" or "note: ") .. text:format(one.name, hint)
      self:add(one.file, one.token, text, nil, one.is_sure and "missing" or "missing note")
    end
  end

  -- A note where code that was not read may have set package.loaded.
  function Check:add_cycle(chain, first)
    local places = {}
    for i = first, #chain do places[#places + 1] = ("%s:%d"):format(chain[i].file, self:line_of(chain[i])) end
    places[#places + 1] = chain[first].file
    local text = "require goes in a cycle: %s; one of them must require the other in a function, where it is used"
    text = (self.runs_unread and "note: " or "") .. text:format(table.concat(places, " -> "))
    self:add(chain[#chain].file, chain[#chain].token, text, nil, self.runs_unread and "cycle note" or "cycle")
  end

  -- Follows the requires as Lua would. `chain`: the files that are being loaded, each with its require under way; `place`:
  -- where each stands in it, 0 if it was loaded.
  function Check:follow(file, chain, place)
    chain[#chain + 1] = { file = file }
    place[file] = #chain
    for _, required in ipairs(self.required_files[file] or {}) do
      chain[#chain].token = required.token
      local first = place[required.path]
      if not first then self:follow(required.path, chain, place)
      elseif first > 0 then self:add_cycle(chain, first) end
    end
    chain[#chain], place[file] = nil, 0
  end

  -- Files that require each other in functions are no cycle. A script that has to do with `package` may have said before
  -- what is loaded.
  function Check:judge_cycles(path)
    if not (self.other_reads.package or self.filled.require or self.replaced) then self:follow(path, {}, {}) end
  end

  -- Returns whether the file was read and understood. Of what others made only the names that it sets are heard.
  function Check:look(path, is_of_others)
    local file = io.open(path, "rb")
    if not file then return false end
    local text, fault = file:read(SOURCE_MAX + 1) -- nil: empty, or a folder
    file:close()
    if not text then return fault == nil end
    if #text > SOURCE_MAX then return false end
    text = text:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "") -- what Lua's own loader of files passes over
    self.texts[path] = text
    if load(text, "=" .. path, "t") then
      return parse.chunk(text, is_of_others and self:outside_watcher(path) or self:watcher(path))
    end
    if is_of_others then return false end
    for _, one in ipairs(syntax.faults(text)) do
      local hint = host.stdlib.syntax_hint(one.text)
      self:add(path, one.token, hint and one.text .. "; " .. hint or one.text, nil, "syntax")
    end
    return false
  end
end
