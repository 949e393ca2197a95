-- The platform's own pages, on which a user agrees to something: who looks at one, and the way back to the bot's page.

local consent = {}

--- The user that a page is opened for (the field `user`, which the real platform has no need of), else the first one.
---@param p table
---@param query table
function consent.visitor(p, query) return query.user and p.user(query.user) or p.users()[1] end

--- The answer that sends the browser on to `address`, with these fields behind what it has: { {name, value}, ... }.
---@param p table
---@param address string
---@param fields table
function consent.send_on(p, address, fields)
  local parts = {}
  for i, field in ipairs(fields) do parts[i] = field[1] .. "=" .. p.host.codec.url_encode(tostring(field[2])) end
  local location = address .. (address:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
  return { page = { status = 302, headers = { Location = location }, body = "" } }
end

return consent
