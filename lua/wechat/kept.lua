-- What is kept of a user in wemoon's own part of the store, one row a kind: wechat.forget takes all of it away. Code
-- that keeps something new of a user adds a row. In a key %a stands for the account and %u for the openid.

---@class KeptKind
---@field name string what it is, for people
---@field key string its key
---@field prefix? boolean all keys that begin with `key` are of that kind
---@field mixed? boolean its value has answers to several messages: those to the message whose script forgets stay

---@type KeptKind[]
return {
  { name = "session", key = "session/%a/%u" },
  { name = "talks with models", key = "talk/%a/%u/", prefix = true },
  { name = "quota of customer service messages", key = "quota/%a/%u" },
  { name = "conversation", key = "asked/%a/%u" },
  { name = "kept answers", key = "kept/%a/%u", mixed = true },
  { name = "order of late answers", key = "late/%a/%u" },
  { name = "owed answers", key = "owed/%a/%u/", prefix = true },
}
