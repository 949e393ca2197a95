return {
  about = "Checks of texts, pictures and sounds (内容安全), by the mini program's API.",
  endpoints = {
    msg_sec_check = {
      doc = "Checks a text.",
      call = "POST /wxa/msg_sec_check",
      body = { "content string!", "version integer 2", "scene integer", "openid string" },
      returns = { "errcode integer 87014: not safe", "result object", "trace_id string" },
    },
    img_sec_check = {
      doc = "Checks a picture.",
      call = "UPLOAD /wxa/img_sec_check",
      body = { "media file! up to 1 MB" },
      note = "87014: not safe.",
    },
    media_check_async = {
      doc = "Checks a picture or sound; wxa_media_check tells the result.",
      call = "POST /wxa/media_check_async",
      body = {
        "media_url string!", "media_type integer! 1 sound, 2 picture", "version integer", "scene integer",
        "openid string",
      },
      returns = { "trace_id string" },
    },
  },
}
