-- Drafts, published articles, and their comments.

local limits = require "platform.limits"

local most = limits.article

local function is_longer(text, characters) return type(text) == "string" and (utf8.len(text) or #text) > characters end

-- Whether a file is permanent: covers and pictures of drafts must be.
local function is_permanent(p, id)
  local file = type(id) == "string" and p.media(id)
  return file and not file.expires_at
end

-- Checks a newspic: pictures with a text instead of an article with a cover.
local function fault_of_pictures(p, one)
  local list = type(one.image_info) == "table" and one.image_info.image_list
  if type(list) ~= "table" or #list < 1 or #list > most.pictures then return 40215 end
  for _, picture in ipairs(list) do
    if not is_permanent(p, type(picture) == "table" and picture.image_media_id) then return 40007 end
  end
  if is_longer(one.content, most.newspic_text) then return 45166 end
end

local function fault_of_article(p, one)
  local is_newspic = type(one) == "table" and one.article_type == "newspic"
  if type(one) ~= "table" or type(one.title) ~= "string" or one.title == "" then return 40035, "title is missing" end
  if is_longer(one.title, is_newspic and most.newspic_title or most.title) then return 45003 end
  if is_longer(one.author, most.author) then return 45110 end
  if is_longer(one.digest, most.digest) then return 45004 end
  if type(one.content) ~= "string" or one.content == "" then return 44004 end
  if #one.content >= most.content_bytes then return 45002 end
  if type(one.content_source_url) == "string" and #one.content_source_url > most.source_url_bytes then return 41039 end
  if is_newspic then return fault_of_pictures(p, one) end
  if not is_permanent(p, one.thumb_media_id) then return 40007 end
end

local function fault_of(p, articles)
  if #articles == 0 then return 44003 end
  if #articles > limits.articles then return 45008 end
  for _, one in ipairs(articles) do
    local code, words = fault_of_article(p, one)
    if code then return code, words end
  end
end

local function find(list, field, value)
  for i, item in ipairs(list) do
    if item[field] == value then return item, i end
  end
end

-- Returns a product card. No shop is simulated: every product id is accepted.
local function product_card(p, call)
  local id, kind = call.body.product_id, call.body.card_type or 0
  if kind < 0 or kind > 3 then return nil, 40097 end
  if call.body.article_type == "newspic" then return { errcode = 0, product_key = "product-" .. p.random(16) } end
  return { errcode = 0, DOM = ('<mp-common-product data-productid="%s" data-cardtype="%d"></mp-common-product>'):format(p.host.codec.url_encode(id), kind) }
end

local function with_url(p, articles)
  local list = p.host.json.array {}
  for i, one in ipairs(articles) do
    local copy = {}
    for name, value in pairs(one) do copy[name] = value end
    copy.url = copy.url or ("http://mp.weixin.qq.com/s/" .. p.random(22))
    copy.thumb_url = one.thumb_media_id and p.media_url(one.thumb_media_id) or nil
    one.url, list[i] = copy.url, copy
  end
  return list
end

local function without_content(articles, leave_out)
  if leave_out ~= 1 then return articles end
  for _, one in ipairs(articles) do one.content = nil end
  return articles
end

local function page(p, call, list, id)
  local offset, count = call.body.offset, call.body.count
  if count < 1 or count > limits.list_page or offset < 0 then return nil, 40035 end
  local items = p.host.json.array {}
  for i = offset + 1, math.min(#list, offset + count) do
    items[#items + 1] = {
      [id] = list[i][id], update_time = list[i].update_time,
      content = { news_item = without_content(with_url(p, list[i].articles), call.body.no_content) },
    }
  end
  return { total_count = #list, item_count = #items, item = items }
end

local function finish_publishing(p, job)
  local items = {}
  for i in ipairs(job.articles) do items[i] = { "item", { { "idx", i }, { "article_url", job.articles[i].url } } } end
  local first = p.users()[1]
  p.push(first.openid, {
    { "MsgType", "event" }, { "Event", "PUBLISHJOBFINISH" },
    { "PublishEventInfo", {
      { "publish_id", job.publish_id }, { "publish_status", 0 }, { "article_id", job.article_id },
      { "article_detail", { { "count", #job.articles }, table.unpack(items) } },
    } },
  })
end

-- ---- comments

local function thread(p, call)
  local id = call.body.msg_data_id
  p.state.comments[id] = p.state.comments[id] or { open = true, list = {} }
  return p.state.comments[id]
end

local function comment(change)
  return function(p, call)
    local found = find(thread(p, call).list, "user_comment_id", call.body.user_comment_id)
    if not found then return nil, 88003 end
    return change(found, call, p) or {}
  end
end

return {
  ["draft.get_product_card"] = product_card,

  ["draft.add"] = function(p, call)
    local code, words = fault_of(p, call.body.articles)
    if code then return nil, code, words end
    local draft = { media_id = p.random(64), articles = call.body.articles, update_time = p.now() }
    table.insert(p.state.drafts, 1, draft)
    return { media_id = draft.media_id }
  end,

  ["draft.get"] = function(p, call)
    local draft = find(p.state.drafts, "media_id", call.body.media_id)
    if not draft then return nil, 40007 end
    return { news_item = with_url(p, draft.articles) }
  end,

  ["draft.update"] = function(p, call)
    local draft = find(p.state.drafts, "media_id", call.body.media_id)
    if not draft then return nil, 40007 end
    if call.body.index < 0 or not draft.articles[call.body.index + 1] then return nil, 40114 end
    local code, words = fault_of(p, { call.body.articles })
    if code then return nil, code, words end
    draft.articles[call.body.index + 1], draft.update_time = call.body.articles, p.now()
    return {}
  end,

  ["draft.delete"] = function(p, call)
    local _, at = find(p.state.drafts, "media_id", call.body.media_id)
    if not at then return nil, 40007 end
    table.remove(p.state.drafts, at)
    return {}
  end,

  ["draft.batchget"] = function(p, call) return page(p, call, p.state.drafts, "media_id") end,
  ["draft.count"] = function(p) return { total_count = #p.state.drafts } end,
  ["draft.switch"] = function() return { errcode = 0, is_open = 1 } end,

  ["freepublish.submit"] = function(p, call)
    local draft, at = find(p.state.drafts, "media_id", call.body.media_id)
    if not draft then return nil, 40007 end
    table.remove(p.state.drafts, at)
    local job = {
      publish_id = p.next_id(), article_id = p.random(43), articles = draft.articles, update_time = p.now(), msg_data_id = p.next_id(),
    }
    with_url(p, job.articles)
    table.insert(p.state.published, 1, job)
    p.after(0.1, function() finish_publishing(p, job) end)
    return { errcode = 0, publish_id = job.publish_id, msg_data_id = job.msg_data_id }
  end,

  ["freepublish.get"] = function(p, call)
    local job = find(p.state.published, "publish_id", math.tointeger(tonumber(call.body.publish_id)))
    if not job then return nil, 40035 end
    local items = {}
    for i, one in ipairs(job.articles) do items[i] = { idx = i, article_url = one.url } end
    return { publish_id = job.publish_id, publish_status = 0, article_id = job.article_id, article_detail = { count = #items, item = items }, fail_idx = p.host.json.array {} }
  end,

  ["freepublish.getarticle"] = function(p, call)
    local job = find(p.state.published, "article_id", call.body.article_id)
    if not job then return nil, 53600 end
    return { news_item = with_url(p, job.articles) }
  end,

  ["freepublish.delete"] = function(p, call)
    local job, at = find(p.state.published, "article_id", call.body.article_id)
    if not job then return nil, 53600 end
    local index = call.body.index or 0
    if index > 0 then table.remove(job.articles, index) end
    if index == 0 or #job.articles == 0 then table.remove(p.state.published, at) end
    return {}
  end,

  ["freepublish.batchget"] = function(p, call) return page(p, call, p.state.published, "article_id") end,

  ["comment.open"] = function(p, call)
    thread(p, call).open = true
    return {}
  end,
  ["comment.close"] = function(p, call)
    thread(p, call).open = false
    return {}
  end,

  ["comment.list"] = function(p, call)
    local body, list = call.body, p.host.json.array {}
    if body.count > limits.comment_page then return nil, 88010 end
    local all = thread(p, call).list
    for i = body.begin + 1, math.min(#all, body.begin + body.count) do list[#list + 1] = all[i] end
    return { errcode = 0, total = #all, comment = list }
  end,

  ["comment.mark_elect"] = comment(function(one) one.comment_type = 1 end),
  ["comment.unmark_elect"] = comment(function(one) one.comment_type = 0 end),
  ["comment.reply_add"] = comment(function(one, call, p) one.reply = { content = call.body.content, create_time = p.now() } end),
  ["comment.reply_delete"] = comment(function(one) one.reply = nil end),
  ["comment.delete"] = function(p, call)
    local list = thread(p, call).list
    local _, at = find(list, "user_comment_id", call.body.user_comment_id)
    if not at then return nil, 88003 end
    table.remove(list, at)
    return {}
  end,
}
