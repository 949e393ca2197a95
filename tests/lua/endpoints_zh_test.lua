-- The reference's Chinese: every group and endpoint of the catalogue has its line, in Chinese, and nothing else has
-- one.
local check = require "check"

package.path = package.path .. ";../../lua/?.lua"
local catalogue = require "wechat.catalogue"
local zh = require "docs.endpoints_zh"

local function is_chinese(text) return type(text) == "string" and text:find("[\xe4-\xe9][\x80-\xbf][\x80-\xbf]") ~= nil end

local groups = { groups = true }
for _, group in ipairs(catalogue.groups) do
  groups[group] = true
  check.equal(is_chinese(zh.groups[group]), true, group)
  local names = {}
  for _, name in ipairs(select(2, catalogue.group(group))) do
    names[name] = true
    check.equal(is_chinese(zh[group] and zh[group][name]), true, group .. "." .. name)
  end
  for name in pairs(zh[group]) do check.equal(names[name], true, group .. "." .. name .. " is no endpoint") end
end
for group in pairs(zh) do check.equal(groups[group], true, group .. " is no group") end
for group in pairs(zh.groups) do check.equal(groups[group], true, group .. " is no group") end
