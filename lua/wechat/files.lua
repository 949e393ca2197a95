-- The files of an upload: a path, an open file, or bytes with an extension for their type.

local content_types = {
  amr = "audio/amr", bmp = "image/bmp", gif = "image/gif", jpeg = "image/jpeg", jpg = "image/jpeg",
  mp3 = "audio/mpeg",
  mp4 = "video/mp4", pdf = "application/pdf", png = "image/png", wav = "audio/wav", wma = "audio/x-ms-wma",
}

local files = {}

---@class FilePart
---@field field string the form's field
---@field filename string
---@field content_type string
---@field path? string
---@field file? file* an open file, sent from where it stands
---@field data? string its bytes

---@class FilesEnv what the host says of files
---@field file_name fun(file: file*): string? an open file's name
---@field path fun(name: string): string the file that a path means
---@field file_fault fun(file: string|file*): string? why it cannot be sent: "is a folder: ..."

--- The part of the form for `value`; or nil and the fault.
---@param field string
---@param value string|file*
---@param extension string?
---@param env FilesEnv
---@return FilePart?
---@return string? fault
function files.part(field, value, extension, env)
  local part = { field = field }
  extension = extension and extension:gsub("^%.", "")
  local is_bytes = extension and type(value) == "string"
  if type(value) == "string" and not is_bytes then value = env.path(value) end
  local fault = not is_bytes and env.file_fault(value)
  if fault then return nil, ("%s %s%s"):format(field, fault, type(value) == "string" and (" (%s)"):format(value) or "") end
  if type(value) ~= "string" then
    part.file, part.filename = value, env.file_name(value)
    if not part.filename and not extension then
      return nil, "extension is missing: the open file has no name"
    end
  elseif extension then
    part.data = value
  else
    part.path, part.filename = value, value:match("[^/]+$")
  end
  part.filename = part.filename or field .. "." .. extension
  part.content_type = content_types[files.extension(part)] or "application/octet-stream"
  return part
end

--- The extension of the part's name, "png"; "" if it has none.
---@param part FilePart
---@return string
function files.extension(part) return (part.filename:match("%.([^.]+)$") or ""):lower() end

local function rest_of(file)
  local at = file:seek()
  local last = at and file:seek("end")
  if at then file:seek("set", at) end
  return last and last - at
end

--- The part's size in bytes; nil for a file that cannot be measured, such as a pipe.
---@param part FilePart
---@return integer?
function files.size(part)
  if part.data then return #part.data end
  if part.file then return rest_of(part.file) end
  local file <close> = assert(io.open(part.path, "rb"))
  return rest_of(file)
end

--- All bytes of the part.
---@param part FilePart
---@return string?
---@return string? fault
function files.read(part)
  if part.data then return part.data end
  if part.file then return part.file:read("a") end
  local file <close> = assert(io.open(part.path, "rb"))
  return file:read("a")
end

return files
