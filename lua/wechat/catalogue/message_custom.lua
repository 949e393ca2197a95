return {
  about = "Customer service messages (客服消息): to somebody who did something lately; how lately and how \z
    many depends on what.",
  note = "45015: the time to answer is over; 45047: too many since the user's last action.",
  endpoints = {
    send_text = {
      doc = "Sends a text.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=text",
        "text.content string! may hold <a href=\"...\"> links, to mini programs too",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_image = {
      doc = "Sends a picture.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=image", "image.media_id string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_voice = {
      doc = "Sends a voice message.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=voice", "voice.media_id string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_video = {
      doc = "Sends a video.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=video", "video.media_id string!",
        "video.thumb_media_id string", "video.title string", "video.description string",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_music = {
      doc = "Sends a piece of music.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=music", "music.title string", "music.description string",
        "music.musicurl string!", "music.hqmusicurl string!", "music.thumb_media_id string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_news = {
      doc = "Sends one article that leads to an address of your own.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=news",
        "news.articles object[]! one of title, description, url, picurl",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
      note = "More than one article: 45008.",
    },
    send_mpnews = {
      doc = "Sends articles kept as material; accounts with drafts use send_mpnewsarticle.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=mpnews", "mpnews.media_id string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_mpnewsarticle = {
      doc = "Sends a published article.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=mpnewsarticle",
        "mpnewsarticle.article_id string! see wechat.freepublish",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_msgmenu = {
      doc = "Sends a text with choices; a tap comes back as a text message with bizmsgmenuid.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=msgmenu", "msgmenu.head_content string",
        "msgmenu.list object[]! of id, content", "msgmenu.tail_content string",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_wxcard = {
      doc = "Sends a card.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=wxcard", "wxcard.card_id string!",
        "wxcard.card_ext string signed extras of old cards",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_miniprogrampage = {
      doc = "Sends a page of a mini program.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=miniprogrampage", "miniprogrampage.title string!",
        "miniprogrampage.appid string! of a mini program tied to the account",
        "miniprogrampage.pagepath string!", "miniprogrampage.thumb_media_id string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
    },
    send_link = {
      doc = "Sends a link.",
      call = "POST /cgi-bin/message/custom/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!=link", "link.title string!", "link.description string!",
        "link.url string!", "link.thumb_url string!",
        "customservice.kf_account string the member of staff who says it",
        "aimsgcontext.is_ai_msg integer 1: made by AI", "businessid string",
      },
      note = "Of mini programs' customer service.",
    },
    typing = {
      doc = "Shows that somebody is typing, or no longer.",
      call = "POST /cgi-bin/message/custom/typing",
      body = { "touser string! openid", "command string! Typing|CancelTyping" },
      note = "45080: nothing was said in the last 30 s; 45081: it shows already.",
    },
    business_send = {
      doc = "Sends a message in the name of a sub-merchant.",
      call = "POST /cgi-bin/message/custom/business/send",
      send = true,
      body = {
        "touser string! openid", "msgtype string!", "businessid integer!",
        "... object the fields of that msgtype, as in send_text and its siblings",
      },
      note = "Customer service of mini programs. Official accounts pass businessid to send_text and its \z
        siblings.",
    },
    business_typing = {
      doc = "Shows or hides that somebody is typing, in the name of a sub-merchant.",
      call = "POST /cgi-bin/message/custom/business/typing",
      body = { "touser string! openid", "command string! Typing|CancelTyping", "businessid integer!" },
      note = "Customer service of mini programs.",
    },
  },
}
