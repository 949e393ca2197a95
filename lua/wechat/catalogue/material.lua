return {
  about = "Permanent media (永久素材).",
  endpoints = {
    add_material = {
      doc = "Uploads a permanent file.",
      call = "UPLOAD /cgi-bin/material/add_material",
      query = { "type string! image|voice|video|thumb" },
      body = { "media file!", "description object of title, introduction; a video needs it" },
      returns = { "media_id string", "url string of pictures" },
      note = "100,000 pictures, 1000 of each other type.",
    },
    add_news = {
      doc = "Adds articles.",
      call = "POST /cgi-bin/material/add_news",
      status = "removed",
      body = {
        "articles object[]!", "articles[].title string!", "articles[].thumb_media_id string!",
        "articles[].content string! HTML", "articles[].author string", "articles[].digest string",
        "articles[].show_cover_pic integer", "articles[].content_source_url string",
        "articles[].need_open_comment integer", "articles[].only_fans_can_comment integer",
      },
      returns = { "media_id string" },
      note = "Ended in February 2022: use wechat.draft.add.",
    },
    update_news = {
      doc = "Changes an article.",
      call = "POST /cgi-bin/material/update_news",
      status = "removed",
      body = { "media_id string!", "index integer! from 0", "articles object! one article" },
      note = "Ended in February 2022: use wechat.draft.update.",
    },
    get_material = {
      doc = "Downloads a permanent file; articles and videos come as JSON.",
      call = "DOWNLOAD /cgi-bin/material/get_material",
      body = { "media_id string!" },
      returns = {
        "news_item array of news", "title string of videos", "description string of videos",
        "down_url string of videos", "(body) binary of other types",
      },
    },
    del_material = {
      doc = "Removes a permanent file.",
      call = "POST /cgi-bin/material/del_material",
      body = { "media_id string!" },
    },
    get_materialcount = {
      doc = "How many there are of each type.",
      call = "GET /cgi-bin/material/get_materialcount",
      returns = { "voice_count integer", "video_count integer", "image_count integer", "news_count integer" },
    },
    batchget_material = {
      doc = "Lists permanent files of a type.",
      call = "POST /cgi-bin/material/batchget_material",
      body = { "type string! image|video|voice|news", "offset integer!", "count integer! 1 to 20" },
      returns = {
        "total_count integer", "item_count integer",
        "item object[] of media_id, name, update_time, url, content.news_item[]",
      },
    },
  },
}
