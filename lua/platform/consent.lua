-- The platform's consent pages: their visitor, and the redirect back to the bot's page.

local consent = {}

--- Returns the user who opens a page (query field `user`, unknown to the real platform); by default the first user.
---@param p table
---@param query table
function consent.visitor(p, query) return query.user and p.user(query.user) or p.users()[1] end

--- Returns a redirect to `address` with `fields` appended to its query: { {name, value}, ... }.
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
