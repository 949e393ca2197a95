return {
  about = "Temporary media, kept three days (临时素材), and what articles and broadcasts are made of.",
  endpoints = {
    upload = {
      doc = "Uploads a temporary file, kept three days.",
      call = "UPLOAD /cgi-bin/media/upload",
      query = { "type string! image|voice|video|thumb" },
      body = { "media file!" },
      returns = { "type string", "media_id string of a thumb: thumb_media_id", "created_at integer" },
    },
    get = {
      doc = "Downloads a temporary file; for a video, JSON with its address.",
      call = "DOWNLOAD /cgi-bin/media/get",
      query = { "media_id string!" },
      returns = { "(body) binary", "video_url string of a video, as JSON" },
    },
    get_jssdk_voice = {
      doc = "Downloads what the JS-SDK recorded, in good quality.",
      call = "DOWNLOAD /cgi-bin/media/get/jssdk",
      query = { "media_id string!" },
      returns = { "(body) binary speex, 16 kHz" },
    },
    uploadimg = {
      doc = "Uploads a picture for use inside articles; it takes none of the material's places.",
      call = "UPLOAD /cgi-bin/media/uploadimg",
      body = { "media file! jpg or png, up to 1 MB" },
      returns = { "url string" },
    },
    uploadnews = {
      doc = "Uploads articles for a broadcast; drafts are the newer way.",
      call = "POST /cgi-bin/media/uploadnews",
      body = {
        "articles object[]! 1 to 8 of thumb_media_id, title, author, content_source_url, content, digest, \z
          show_cover_pic, need_open_comment, only_fans_can_comment",
      },
      returns = { "type string of news", "media_id string", "created_at integer" },
      note = "Ten a day.",
    },
    uploadvideo = {
      doc = "Makes a video that can be broadcast out of an uploaded one.",
      call = "POST /cgi-bin/media/uploadvideo",
      body = { "media_id string!", "title string", "description string" },
      returns = { "type string of videos", "media_id string", "created_at integer" },
    },
    get_feedback_media = {
      doc = "Downloads a picture that a user sent with feedback.",
      call = "DOWNLOAD /cgi-bin/media/getfeedbackmedia",
      query = { "record_id string|integer!", "media_id string!" },
      returns = { "(body) binary" },
      note = "Mini programs only.",
    },
  },
}
