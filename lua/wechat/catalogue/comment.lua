return {
  about = "Comments below articles (图文消息留言).",
  endpoints = {
    open = {
      doc = "Opens an article for comments.",
      call = "POST /cgi-bin/comment/open",
      body = { "msg_data_id integer!", "index integer which article, from 0" },
      note = "88000: the account has no comments.",
    },
    close = {
      doc = "Closes an article for comments.",
      call = "POST /cgi-bin/comment/close",
      body = { "msg_data_id integer!", "index integer which article, from 0" },
    },
    list = {
      doc = "An article's comments.",
      call = "POST /cgi-bin/comment/list",
      body = {
        "msg_data_id integer!", "index integer which article, from 0", "begin integer!",
        "count integer! under 50", "type integer! 0 all, 1 common, 2 featured",
      },
      returns = {
        "total integer",
        "comment object[] of user_comment_id, openid, create_time, content, comment_type, reply{content, \z
          create_time}",
      },
    },
    mark_elect = {
      doc = "Features a comment.",
      call = "POST /cgi-bin/comment/markelect",
      body = { "msg_data_id integer!", "index integer which article, from 0", "user_comment_id integer!" },
    },
    unmark_elect = {
      doc = "Features a comment no longer.",
      call = "POST /cgi-bin/comment/unmarkelect",
      body = { "msg_data_id integer!", "index integer which article, from 0", "user_comment_id integer!" },
    },
    delete = {
      doc = "Removes a comment.",
      call = "POST /cgi-bin/comment/delete",
      body = { "msg_data_id integer!", "index integer which article, from 0", "user_comment_id integer!" },
    },
    reply_add = {
      doc = "Answers a comment.",
      call = "POST /cgi-bin/comment/reply/add",
      body = {
        "msg_data_id integer!", "index integer which article, from 0", "user_comment_id integer!",
        "content string!",
      },
      note = "88004 to 88010: the comment or answer does not allow it.",
    },
    reply_delete = {
      doc = "Removes an answer.",
      call = "POST /cgi-bin/comment/reply/delete",
      body = { "msg_data_id integer!", "index integer which article, from 0", "user_comment_id integer!" },
    },
  },
}
