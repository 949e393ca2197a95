-- Which field of the platform's a misspelt name means. The platform may have fields that the catalogue lacks, so that
-- only a name that is nearly one of those known at its place, and is none anywhere else, is taken for a misspelt one.

local catalogue = require "wechat.catalogue"
local nearest = require "wechat.nearest"

local SHORTEST <const> = 3 -- a name of fewer letters is near to too many

local all

local function add_words(text)
  for word in text:gmatch("[%a_][%w_]*") do all[word] = true end
end

local function add_endpoint(endpoint)
  for _, list in ipairs { endpoint.query, endpoint.body, endpoint.returns } do
    for _, field in ipairs(list) do add_words(field.path .. " " .. field.words) end
  end
end

-- Whether the catalogue has the name, of whatever the platform takes or gives.
local function is_known(name)
  if all then return all[name] end
  all = {}
  for _, group in ipairs(catalogue.groups) do
    local _, names = catalogue.group(group)
    for _, one in ipairs(names) do add_endpoint(catalogue.find(group, one)) end
  end
  return all[name]
end

--- Returns the name that is meant; nil if none is.
---@param name string
---@param names string[] those known at its place
---@param whole? boolean they are all that there are
---@return string?
return function(name, names, whole)
  if #name < SHORTEST then return nil end
  if whole then return nearest(name, names) end
  if is_known(name) then return nil end
  local near = nearest(name, names, #name < 8 and 1 or 2)
  local is_numbered = near and near:gsub("%d+$", "") == name:gsub("%d+$", "") -- industry_id1, industry_id2
  return not is_numbered and near or nil
end
