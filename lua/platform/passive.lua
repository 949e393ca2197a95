-- Reads passive replies as the platform does: whether a reply is valid, and what the user sees of it.

local account_kinds = require "platform.account_kinds"

local TEXT_MAX = 2048

return function(p, host)
  local function text_of(value) return type(value) == "string" and value or "" end

  local function part_of(reply, element, needed)
    local part = reply[element]
    if type(part) ~= "table" then return nil, ("a %s needs %s"):format(reply.MsgType, element) end
    if text_of(part[needed]) == "" then
      return nil, ("a %s needs %s.%s"):format(reply.MsgType, element, needed)
    end
    return part
  end

  local function media(element)
    return function(reply)
      local part, why = part_of(reply, element, "MediaId")
      if not part then return nil, why end
      return {
        kind = reply.MsgType, media_id = part.MediaId, url = p.media_url(part.MediaId),
        title = part.Title, description = part.Description,
      }
    end
  end

  local replies = { image = media("Image"), voice = media("Voice"), video = media("Video") }

  function replies.music(reply)
    local part, why = part_of(reply, "Music", "MusicUrl")
    if not part then return nil, why end
    return {
      kind = "music", title = part.Title, description = part.Description, url = part.MusicUrl,
      hq_url = part.HQMusicUrl, thumb_media_id = part.ThumbMediaId,
      thumb_url = part.ThumbMediaId and p.media_url(part.ThumbMediaId) or nil,
    }
  end

  -- One article is shown in reply to a message, eight in reply to an event; the rest are dropped.
  function replies.news(reply, item)
    local items = type(reply.Articles) == "table" and reply.Articles.item or {}
    if #items == 0 then return nil, "a news needs Articles with an item" end
    if tonumber(reply.ArticleCount) ~= #items then
      return nil, ("ArticleCount is '%s', and there are %d articles"):format(tostring(reply.ArticleCount), #items)
    end
    local articles, most = host.json.array {}, item.is_event and 8 or 1
    for i = 1, math.min(#items, most) do
      local one = type(items[i]) == "table" and items[i] or {}
      articles[i] = { title = one.Title, description = one.Description, picurl = one.PicUrl, url = one.Url }
    end
    if #items > most then item.note = ("%d of %d articles are shown"):format(most, #items) end
    return { kind = "news", articles = articles }
  end

  function replies.transfer_customer_service(reply, item)
    if account_kinds.refusal(p.account_kind, "kf.list") then
      item.note = ("an account of the kind '%s' has no customer service staff"):format(p.account_kind)
      return false
    end
    local info = reply.TransInfo
    return { kind = "transfer", from = "system", account = type(info) == "table" and info.KfAccount or nil }
  end

  -- Replies of the retired hardware platform go to devices; the chat shows nothing.
  local function for_device() return false end
  replies.device_text, replies.device_event = for_device, for_device
  replies.device_status, replies.hardware = for_device, for_device

  function replies.text(reply)
    local content = text_of(reply.Content)
    if content == "" then return nil, "a text needs Content" end
    if #content > TEXT_MAX then
      return nil, ("a text of %d bytes: the platform takes %d"):format(#content, TEXT_MAX)
    end
    return { kind = "text", content = content }
  end

  -- Events whose reply is not shown to the user.
  local silent = {
    VIEW = true, view_miniprogram = true, unsubscribe = true, TEMPLATESENDJOBFINISH = true,
    MASSSENDJOBFINISH = true, PUBLISHJOBFINISH = true,
  }

  --- Returns the chat entry of a decrypted reply; false if the reply is not shown; nil and the fault if it is invalid.
  function p.read_reply(item, reply)
    if item.kind ~= "xml" and text_of(reply.ToUserName) ~= item.openid then
      return nil, ("ToUserName is '%s', and the message came from %s"):format(text_of(reply.ToUserName), item.openid)
    end
    local read = replies[text_of(reply.MsgType)]
    if not read then return nil, ("a reply of MsgType '%s' does not exist"):format(text_of(reply.MsgType)) end
    local entry, why = read(reply, item)
    if entry and silent[item.kind] then
      item.note = ("the user sees no reply to %s"):format(item.kind)
      return false
    end
    return entry, why
  end
end
