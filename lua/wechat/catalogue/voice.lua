return {
  about = "Speech to text, and translation (智能接口).",
  endpoints = {
    addvoicetorecofortext = {
      doc = "Hands in a sound file to be turned into text.",
      call = "UPLOAD /cgi-bin/media/voice/addvoicetorecofortext",
      query = { "format string=mp3", "voice_id string|integer", "lang string zh_CN|en_US" },
      body = { "media file! mp3, 16 kHz, mono, up to 1 MB" },
      note = "Service accounts. voice_id is of your choosing.",
    },
    queryrecoresultfortext = {
      doc = "The text of a sound file.",
      call = "POST /cgi-bin/media/voice/queryrecoresultfortext",
      query = { "voice_id string|integer!", "lang string zh_CN|en_US" },
      returns = { "result string" },
      note = "Ask within 10 s.",
    },
    translatecontent = {
      doc = "Translates between Chinese and English.",
      call = "POST /cgi-bin/media/voice/translatecontent",
      query = { "lfrom string zh_CN|en_US", "lto string zh_CN|en_US" },
      body = { "(raw) string the text, up to 600 bytes" },
      returns = { "from_content string", "to_content string" },
    },
  },
}
