return {
  about = "Articles before they are published (草稿箱), and goods in them.",
  endpoints = {
    add = {
      doc = "Adds a draft of one or more articles.",
      call = "POST /cgi-bin/draft/add",
      body = {
        "articles object[]! of article_type (news or newspic), title, author, digest, content, \z
          content_source_url, thumb_media_id, need_open_comment, only_fans_can_comment, pic_crop_235_1, \z
          pic_crop_1_1, image_info.image_list[].image_media_id, cover_info.crop_percent_list[], \z
          product_info.footer_product_info.product_key",
      },
      returns = { "media_id string" },
      note = "1000 a day; 40007: the cover is no material; 53404 to 53406: trouble with goods.",
    },
    get = {
      doc = "A draft's articles.",
      call = "POST /cgi-bin/draft/get",
      body = { "media_id string!" },
      returns = {
        "news_item object[] articles, with url", "create_time integer", "update_time integer",
      },
      note = "500 a day.",
    },
    update = {
      doc = "Puts another article in place of one.",
      call = "POST /cgi-bin/draft/update",
      body = {
        "media_id string!", "index integer! from 0",
        "articles object! one article, as wechat.draft.add takes it",
      },
    },
    delete = {
      doc = "Removes a draft for good.",
      call = "POST /cgi-bin/draft/delete",
      body = { "media_id string!" },
    },
    batchget = {
      doc = "Lists drafts.",
      call = "POST /cgi-bin/draft/batchget",
      body = { "offset integer!", "count integer! 1 to 20", "no_content integer 1: without content" },
      returns = {
        "total_count integer", "item_count integer",
        "item object[] of media_id, content.news_item[], update_time",
      },
    },
    count = {
      doc = "How many drafts there are.",
      call = "GET /cgi-bin/draft/count",
      returns = { "total_count integer" },
    },
    switch = {
      doc = "Moves the account to drafts and publishing, for good; with checkonly = 1 it only asks.",
      call = "POST /cgi-bin/draft/switch",
      status = "deprecated",
      query = { "checkonly string|integer 1: only ask" },
      returns = { "is_open integer 0 or 1" },
      note = "All accounts have drafts now.",
    },
    get_product_card = {
      doc = "The HTML that shows an article's product.",
      call = "POST /channels/ec/service/product/getcardinfo",
      body = {
        "product_id string!", "article_type string! news|newspic",
        "card_type integer 0 big, 1 small, 2 text, 3 strip",
      },
      returns = { "product_key string of newspic", "DOM string" },
    },
  },
}
