local t = wechat.tag
local function each(list, fn) for i, v in ipairs(list) do fn(v, i) end end
function on_message(msg)
  local all = assert(t.list {})
  local names, by = {}, {}
  for i, tag in ipairs(all.tags) do names[i], by[tag.name] = tag.name, tag; tag.index = i end
  each(all.tags, function(tag) print(tag.id, tag.count, tag.index) end)
  table.sort(all.tags, function(a, b) return a.count > b.count end)
  local one = all.tags[#all.tags]
  local made = t.create { tag = { name = "新" } }
  return one.name .. made.tag.id .. by["新"].id .. #all
end
