return {
  about = "Automatic replies of the account's website (自动回复).",
  endpoints = {
    get_current_autoreply_info = {
      doc = "The rules for automatic replies.",
      call = "GET /cgi-bin/get_current_autoreply_info",
      returns = {
        "is_add_friend_reply_open integer", "is_autoreply_open integer",
        "add_friend_autoreply_info object of type, content", "message_default_autoreply_info object",
        "keyword_autoreply_info.list array of rule_name, create_time, reply_mode, keyword_list_info[] \z
          (type, match_mode, content), reply_list_info[] (type, content, news_info.list[])",
      },
    },
  },
}
