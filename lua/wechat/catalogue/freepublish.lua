return {
  about = "Publishing drafts without telling followers (发布能力); not for accounts of persons, nor without \z
    verification (48001, since July 2025).",
  endpoints = {
    submit = {
      doc = "Begins to publish a draft.",
      call = "POST /cgi-bin/freepublish/submit",
      body = { "media_id string! of a draft" },
      returns = { "publish_id integer", "msg_data_id integer" },
      note = "100 a day; 48001 for accounts of persons and for accounts without verification. PUBLISHJOBFINISH tells the result; 53503 to 53505: not fit to be published.",
    },
    get = {
      doc = "How publishing is getting on.",
      call = "POST /cgi-bin/freepublish/get",
      body = { "publish_id string!" },
      returns = {
        "publish_id integer",
        "publish_status integer 0 done, 1 under way, 2 no original, 3 failed, 4 rejected, 5 deleted, 6 \z
          banned",
        "article_id string", "article_detail.count integer", "article_detail.item array of idx, article_url",
        "fail_idx integer[]",
      },
    },
    getarticle = {
      doc = "A published article.",
      call = "POST /cgi-bin/freepublish/getarticle",
      body = { "article_id string!" },
      returns = {
        "news_item object[] articles, with url, is_deleted", "create_time integer", "update_time integer",
      },
    },
    delete = {
      doc = "Removes a published article for good.",
      call = "POST /cgi-bin/freepublish/delete",
      body = { "article_id string!", "index integer from 1; all without it" },
      note = "Ten a day.",
    },
    batchget = {
      doc = "Lists published articles.",
      call = "POST /cgi-bin/freepublish/batchget",
      body = { "offset integer!", "count integer! 1 to 20", "no_content integer 1: without content" },
      returns = {
        "total_count integer", "item_count integer",
        "item object[] of article_id, content.news_item[], update_time",
      },
      note = "What was published with 发布 alone: no broadcasts.",
    },
  },
}
