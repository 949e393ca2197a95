-- Temporary media, which expire after three days, and permanent material.

local limits = require "platform.limits"

local function extension_of(file) return (file.filename or ""):lower():match("%.([%w]+)$") end

-- Returns the errcode if an upload of that type is refused; nil if it is accepted.
local function fault_of(kind, file)
  local limit = limits.media[kind]
  if not limit then return 40004 end
  if not file then return 41005 end
  if #file.body == 0 then return 44001 end
  if #file.body > limit.bytes then return limits.too_big[kind] end
  if not limit.types[extension_of(file) or ""] then return 40005 end
end

local function keep(p, kind, file, until_s)
  return p.keep_media {
    kind = kind, body = file.body, filename = file.filename, expires_at = until_s,
    content_type = file.content_type ~= "" and file.content_type or "application/octet-stream", created = p.now(),
  }
end

-- Returns the file; nil and the errcode if it is unknown or expired.
local function find(p, id)
  local file = p.media(id)
  if not file or (file.expires_at and file.expires_at <= p.now()) then return nil, 40007 end
  return file
end

local function material(p, id)
  for _, item in ipairs(p.state.material) do
    if item.media_id == id then return item end
  end
end

local function count_of(p, kind)
  local count = 0
  for _, item in ipairs(p.state.material) do
    if item.kind == kind then count = count + 1 end
  end
  return count
end

return {
  ["media.upload"] = function(p, call)
    local kind, file = call.query.type, call.files.media
    local code = fault_of(kind, file)
    if code then return nil, code end
    local id = keep(p, kind, file, p.now() + limits.media_s)
    return { type = kind, [kind == "thumb" and "thumb_media_id" or "media_id"] = id, created_at = p.now() }
  end,

  ["media.get"] = function(p, call)
    local file, code = find(p, call.query.media_id)
    if not file then return nil, code end
    if file.kind == "video" then return { video_url = p.media_url(call.query.media_id) } end
    return { file = file }
  end,

  ["media.get_jssdk_voice"] = function(p, call)
    local file, code = find(p, call.query.media_id)
    if not file then return nil, code end
    return { file = file }
  end,

  -- Feedback media come from mini programs, which are not simulated.
  ["media.get_feedback_media"] = function() return nil, 40007 end,

  ["media.uploadimg"] = function(p, call)
    local file = call.files.media
    local extension = extension_of(file)
    if extension ~= "jpg" and extension ~= "jpeg" and extension ~= "png" then return nil, 40005 end
    if #file.body > limits.picture_bytes then return nil, 40009 end
    return { url = p.media_url(keep(p, "image", file)) }
  end,

  ["media.uploadnews"] = function(p, call)
    if #call.body.articles > limits.articles then return nil, 45008 end
    local id = p.random(64)
    p.state.drafts[#p.state.drafts + 1] = { media_id = id, articles = call.body.articles, update_time = p.now(), is_broadcast = true }
    return { type = "news", media_id = id, created_at = p.now() }
  end,

  ["media.uploadvideo"] = function(p, call)
    local file, code = find(p, call.body.media_id)
    if not file then return nil, code end
    return { type = "video", media_id = keep(p, "video", file), created_at = p.now() }
  end,

  ["material.add_material"] = function(p, call)
    local kind, file = call.query.type, call.files.media
    local code = fault_of(kind, file)
    if code then return nil, code end
    local description = call.body.description and p.host.json.decode(call.body.description)
    if kind == "video" and type(description) ~= "table" then return nil, 40035 end
    local id = keep(p, kind, file)
    local item = { media_id = id, kind = kind, name = file.filename, update_time = p.now(), url = p.media_url(id), description = description }
    table.insert(p.state.material, 1, item)
    return { media_id = id, url = kind == "image" and item.url or nil }
  end,

  ["material.get_material"] = function(p, call)
    local item = material(p, call.body.media_id)
    if not item then return nil, 40007 end
    if item.kind == "video" then
      return { title = item.description.title, description = item.description.introduction, down_url = item.url }
    end
    return { file = p.media(item.media_id) }
  end,

  ["material.del_material"] = function(p, call)
    for i, item in ipairs(p.state.material) do
      if item.media_id == call.body.media_id then
        table.remove(p.state.material, i)
        p.forget_media(item.media_id)
        return {}
      end
    end
    return nil, 40007
  end,

  ["material.get_materialcount"] = function(p)
    return {
      voice_count = count_of(p, "voice"), video_count = count_of(p, "video"), image_count = count_of(p, "image"),
      news_count = #p.state.published,
    }
  end,

  ["material.batchget_material"] = function(p, call)
    local kind, offset, count = call.body.type, call.body.offset, call.body.count
    if not (kind == "news" or limits.media[kind]) then return nil, 40004 end
    if count < 1 or count > limits.list_page then return nil, 40035 end
    local items, all = p.host.json.array {}, {}
    for _, item in ipairs(p.state.material) do
      if item.kind == kind then all[#all + 1] = item end
    end
    for i = offset + 1, math.min(#all, offset + count) do
      items[#items + 1] = { media_id = all[i].media_id, name = all[i].name, update_time = all[i].update_time, url = all[i].url }
    end
    return { total_count = #all, item_count = #items, item = items }
  end,
}
