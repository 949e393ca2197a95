return {
  about = "Broadcasts (群发).",
  endpoints = {
    sendall = {
      doc = "Broadcasts to all followers or to those with a tag.",
      call = "POST /cgi-bin/message/mass/sendall",
      send = true,
      body = {
        "filter object! is_to_all (boolean), or tag_id",
        "msgtype string! text|image|voice|mpnews|mpvideo|wxcard", "text.content string",
        "image.media_id string",
        "images object of media_ids, recommend, need_open_comment, only_fans_can_comment",
        "voice.media_id string", "mpnews.media_id string", "mpvideo.media_id string",
        "wxcard.card_id string", "send_ignore_reprint integer 1: go on though it is a reprint",
        "clientmsgid string up to 64 bytes; the same one is sent once a day",
      },
      returns = { "msg_id integer", "msg_data_id integer for comments and statistics" },
      note = "Followers get one a day (subscription accounts) or four a month (service accounts). \z
        MASSSENDJOBFINISH tells the result; 45065: this clientmsgid was sent within a day.",
    },
    send = {
      doc = "Broadcasts to a list of followers.",
      call = "POST /cgi-bin/message/mass/send",
      send = true,
      body = {
        "touser string[]! 2 to 10000 openids", "msgtype string! text|image|voice|mpnews|mpvideo|wxcard",
        "text.content string", "image.media_id string",
        "images object of media_ids, recommend, need_open_comment, only_fans_can_comment",
        "voice.media_id string", "mpnews.media_id string", "mpvideo.media_id string",
        "wxcard.card_id string", "send_ignore_reprint integer 1: go on though it is a reprint",
        "clientmsgid string up to 64 bytes; the same one is sent once a day",
      },
      returns = { "msg_id integer", "msg_data_id integer" },
      note = "Verified service accounts only (else 48001).",
    },
    preview = {
      doc = "Sends a broadcast to one user to look at.",
      call = "POST /cgi-bin/message/mass/preview",
      send = true,
      body = {
        "touser string openid", "towxname string WeChat id, in place of touser",
        "msgtype string! text|image|voice|mpnews|mpvideo|wxcard", "text.content string",
        "image.media_id string", "voice.media_id string", "mpnews.media_id string",
        "mpvideo.media_id string", "wxcard.card_id string",
      },
      returns = { "msg_id integer" },
      note = "100 a day.",
    },
    delete = {
      doc = "Takes back an article or video within a day.",
      call = "POST /cgi-bin/message/mass/delete",
      body = {
        "msg_id integer!", "article_idx integer from 1; all without it",
        "url string in place of article_idx",
      },
      note = "Ten a day.",
    },
    get = {
      doc = "How a broadcast is getting on.",
      call = "POST /cgi-bin/message/mass/get",
      body = { "msg_id string!" },
      returns = { "msg_id integer", "msg_status string SEND_SUCCESS|SENDING|SEND_FAIL|DELETE" },
    },
    speed_get = {
      doc = "How fast broadcasts go out.",
      call = "POST /cgi-bin/message/mass/speed/get",
      returns = { "speed integer 0 to 4", "realspeed integer 10,000 users a minute" },
    },
    speed_set = {
      doc = "Sets how fast broadcasts go out.",
      call = "POST /cgi-bin/message/mass/speed/set",
      body = { "speed integer! 0: 800,000 a minute ... 4: 100,000" },
    },
  },
}
