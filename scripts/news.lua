-- Articles: `response_news` shows pictures with titles that lead to pages. The platform takes one in answer
-- to a message, up to eight in answer to an event, such as a tap on the menu; wemoon drops the rest.

local articles = {
  {
    title = "月亮今晚的样子", description = "上弦月，凌晨落下",
    picurl = "https://example.com/moon.jpg", url = "https://example.com/moon",
  },
  { title = "本周星空", picurl = "https://example.com/sky.jpg", url = "https://example.com/sky" },
  { title = "怎样挑一台望远镜", url = "https://example.com/telescope" },
}

function on_message(msg)
  if msg.event == "click" and msg.key == "NEWS" then
    return wechat.response_news(articles)
  elseif msg.type == "text" then
    for _, article in ipairs(articles) do
      if article.title:find(msg.content, 1, true) then return wechat.response_news { article } end
    end
    return "没有找到有关“" .. msg.content .. "”的文章"
  end
end
