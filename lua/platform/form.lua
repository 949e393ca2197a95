-- Parses multipart/form-data (RFC 7578), the format of uploads.

local form = {}

local function header(head, name)
  for line in head:gmatch("[^\r\n]+") do
    local key, value = line:match("^([%w-]+):%s*(.*)$")
    if key and key:lower() == name then return value end
  end
  return ""
end

local function parameter(value, name)
  return value:match(name .. '="([^"]*)"') or value:match(name .. "=([^;%s]+)")
end

--- Returns files {name = {filename, content_type, body}} and fields {name = text}; nil if there is no boundary.
---@param content_type string
---@param body string
function form.parse(content_type, body)
  local boundary = parameter(content_type, "boundary")
  if not boundary then return nil end
  local files, fields = {}, {}
  local mark = "--" .. boundary
  local from = select(2, body:find(mark, 1, true))
  while from do
    local head_from, head_to = body:find("\r\n\r\n", from, true)
    local next_from, next_to = body:find("\r\n" .. mark, head_to or from, true)
    if not head_from or not next_from then break end
    local head, data = body:sub(from + 1, head_from), body:sub(head_to + 1, next_from - 1)
    local disposition = header(head, "content-disposition")
    local name, filename = disposition:match('[; ]name="([^"]*)"'), parameter(disposition, "filename")
    if name and filename then
      files[name] = { filename = filename, content_type = header(head, "content-type"), body = data }
    elseif name then
      fields[name] = data
    end
    from = next_to
  end
  return files, fields
end

return form
