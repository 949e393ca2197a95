-- Articles of a news message: {title, description, picurl, url}.

local articles = {}

--- What every article may have.
articles.fields = { title = true, description = true, picurl = true, url = true }

local blank = "articles[%d] has neither title, description, picurl nor url"

local function is_blank(article)
  if type(article) ~= "table" then return false end
  for field in pairs(articles.fields) do
    if article[field] ~= nil and article[field] ~= "" then return false end
  end
  return true
end

--- Why an article of the list would show nothing; nil if each shows something.
---@param list table
---@return string?
function articles.fault_of(list)
  for i, article in ipairs(list) do
    if is_blank(article) then return blank:format(i) end
  end
end

return articles
