-- wechat.store: the script's keys in the store. Values are JSON, so that the store itself can count integers up.

local misread = require "wechat.misread"

---@param wechat table
---@param host table
return function(wechat, host)
  local store, json, add, fail = host.store, host.json, host.args.add, host.args.fail

  local function check(method, key, ttl_s)
    if key == "" or #key > 1000 then fail("wechat.store.%s: a key has 1 to 1000 bytes", method) end
    if ttl_s and not (ttl_s > 0 and ttl_s < 1e10) then
      fail("wechat.store.%s: ttl_s must be a positive number of seconds (or nil: for good)", method)
    end
  end

  local function text_of(method, value)
    if value == nil then
      fail("wechat.store.%s: value is missing (to forget a key: wechat.store.delete)", method)
    end
    local good, text = pcall(json.encode, value)
    if not good then fail("wechat.store.%s: value: %s", method, (tostring(text):gsub("^.-:%d+: ", ""))) end
    return text
  end

  add(wechat, "store.get", { { "key", "string" } }, function(key)
    check("get", key)
    local text, err = store.get(key)
    if text then return json.decode(text) end
    if err then return nil, err end
    return nil
  end, "The value; nil if there is none; nil and why if the store fails.")

  local kept = { { "key", "string" }, { "value", "any" }, { "ttl_s", "number?", "seconds; nil: for good" } }

  add(wechat, "store.set", kept,
    function(key, value, ttl_s)
      check("set", key, ttl_s)
      return store.set(key, text_of("set", value), ttl_s)
    end, "Keeps a value; true, or nil and why not.")

  add(wechat, "store.add", kept,
    function(key, value, ttl_s)
      check("add", key, ttl_s)
      return store.add(key, text_of("add", value), ttl_s)
    end, "Keeps a value if the key has none: true, or false if it has one.")

  add(wechat, "store.incr", { { "key", "string" }, { "by", "integer?", "1" } }, function(key, by)
    check("incr", key)
    return store.incr(key, by)
  end, "Counts up (from 0) and returns the count; the time to live stays.")

  add(wechat, "store.delete", { { "key", "string" } }, function(key)
    check("delete", key)
    return store.delete(key)
  end, "Forgets a key; whether it was there.")

  local which = {
    { "prefix", "string?" },
    { "options", "table?", "after: the key after which to continue; limit: how many", beside = true },
  }

  local function check_list(options)
    local after, limit = options.after, options.limit
    for name in pairs(options) do
      if name ~= "after" and name ~= "limit" then
        fail("wechat.store.list: there is no option named '%s'%s", tostring(name), misread.hint(tostring(name), { "after", "limit" }))
      end
    end
    if after ~= nil and type(after) ~= "string" then fail("wechat.store.list: after must be a key (a string)") end
    if limit ~= nil and not (math.type(limit) == "integer" and limit > 0) then
      fail("wechat.store.list: limit must be a positive integer")
    end
  end

  add(wechat, "store.list", which, function(prefix, options)
    options = options or {}
    check_list(options)
    return store.list(prefix or "", options.after, options.limit)
  end, "The keys that begin with a prefix, in order. On Redis it goes through all keys there are.")
end
