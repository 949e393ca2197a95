-- Files beside the script, whatever the working directory.

---@param wechat table
---@param host table
return function(wechat, host)
  local function beside(name)
    if name:sub(1, 1) == "/" then return name end
    return host.file.folder() .. name
  end

  local function is_there(name)
    local file = io.open(name, "rb")
    if file then file:close() end
    return file ~= nil
  end

  --- The file of a relative path: beside the script, or in the working directory if it exists only there.
  ---@param name string
  ---@return string
  function host.path(name)
    local path = beside(name)
    return (path == name or is_there(path) or not is_there(name)) and path or name
  end

  host.args.add(wechat, "path", { { "name", "string", "of a file or folder beside the script" } }, beside,
    "The path of a file beside the script, whatever the working directory: io.open(wechat.path(\"words.txt\")).")
end
