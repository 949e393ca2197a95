-- A user's conversation with a model, in the store: questions and answers in the order of the questions, however many
-- are under way. Writes are compare-and-set, so that two messages at once lose nothing.

local TRIES, KEPT_S, TURNS, BYTES_MAX = 50, 30 * 24 * 3600, 20, 65536

local Talk = {}
Talk.__index = Talk

-- Applies change(list) to the stored list, again if another process wrote meanwhile; returns its results.
local function update(talk, change)
  local store, json = talk.host.store.own, talk.host.json
  for _ = 1, TRIES do
    local old, err = store.get(talk.key)
    if err then return nil, err end
    local list = old and json.decode(old) or { n = 0, turns = {} }
    local result = change(list)
    list.turns = json.array(list.turns)
    local new = json.encode(list)
    local done
    if old then done, err = store.swap(talk.key, old, new, KEPT_S) else done, err = store.add(talk.key, new, KEPT_S) end
    if done == nil then return nil, err end
    if done then return result, list.n end
  end
  return nil, "other processes keep changing it"
end

local function bytes_of(list)
  local bytes = 0
  for _, turn in ipairs(list.turns) do bytes = bytes + #turn.q + #(turn.a or "") end
  return bytes
end

local function bound(list, keep)
  while #list.turns > keep or (#list.turns > 1 and bytes_of(list) > BYTES_MAX) do table.remove(list.turns, 1) end
end

--- Adds a question; returns the messages before it, and its number.
function Talk:ask(question)
  return update(self, function(list)
    local messages = {}
    for _, turn in ipairs(list.turns) do
      messages[#messages + 1] = { role = "user", content = turn.q }
      if turn.a then messages[#messages + 1] = { role = "assistant", content = turn.a } end
    end
    list.n = list.n + 1
    list.turns[#list.turns + 1] = { n = list.n, q = question }
    bound(list, self.keep)
    return messages
  end)
end

function Talk:answer(number, text)
  return update(self, function(list)
    for _, turn in ipairs(list.turns) do
      if turn.n == number then turn.a = text end
    end
    bound(list, self.keep)
    return true
  end)
end

--- The question was never answered.
function Talk:take_back(number)
  return update(self, function(list)
    for i, turn in ipairs(list.turns) do
      if turn.n == number then table.remove(list.turns, i) break end
    end
    return true
  end)
end

function Talk:forget() return self.host.store.own.delete(self.key) end

---@param host table
---@param model string
---@param openid string
---@param keep? number turns
return function(host, model, openid, keep)
  local key = ("talk/%s/%s/%s"):format(host.session.account, openid, model)
  return setmetatable({ host = host, key = key, keep = math.max(1, math.floor(keep or TURNS)) }, Talk)
end
