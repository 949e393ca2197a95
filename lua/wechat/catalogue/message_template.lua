return {
  about = "Template messages (模板消息) and the account's templates.",
  endpoints = {
    set_industry = {
      doc = "Sets the account's two industries.",
      call = "POST /cgi-bin/template/api_set_industry",
      status = "deprecated",
      body = { "industry_id1 string!", "industry_id2 string!" },
      note = "Service categories (服务类目) took the industries' place: see \z
        wechat.message.subscribe.get_category. Once a month (43100).",
    },
    get_industry = {
      doc = "The account's two industries.",
      call = "GET /cgi-bin/template/get_industry",
      status = "deprecated",
      returns = { "primary_industry object of first_class, second_class", "secondary_industry object" },
      note = "Service categories (服务类目) took the industries' place: see \z
        wechat.message.subscribe.get_category.",
    },
    add_template = {
      doc = "Takes a template from the library and gives its template_id.",
      call = "POST /cgi-bin/template/api_add_template",
      body = {
        "template_id_short string! number in the library",
        "keyword_name_list string[] in the order in which they shall stand",
      },
      returns = { "template_id string" },
      note = "25 an account (45026). The library's numbers are those of the account's service categories \z
        (服务类目). Changing or removing a category removes its templates. Verified service accounts only \z
        (else 48001).",
    },
    list = {
      doc = "The account's templates.",
      call = "GET /cgi-bin/template/get_all_private_template",
      returns = {
        "template_list object[] of template_id, title, primary_industry, deputy_industry, content, example",
      },
      note = "The industries are left over from the time before service categories (服务类目).",
    },
    delete = {
      doc = "Removes a template.",
      call = "POST /cgi-bin/template/del_private_template",
      body = { "template_id string!" },
    },
    send = {
      doc = "Sends a template message.",
      call = "POST /cgi-bin/message/template/send",
      send = true,
      body = {
        "touser string! openid", "template_id string!", "url string", "miniprogram object appid, pagepath",
        "data object! keyword = {value = ...}",
        "client_msg_id string the same one is sent once in ten minutes",
        "topcolor string #RRGGBB; of the past",
      },
      returns = { "msgid integer" },
      note = "TEMPLATESENDJOBFINISH tells the result; 43004: the user does not follow; 40252: the content is \z
        under review for about half an hour, nothing was sent: do not send it again. Phones ignore colours. \z
        Verified service accounts only (else 48001).",
    },
    query_block = {
      doc = "Template messages that the platform held back.",
      call = "POST /wxa/sec/queryblocktmplmsg",
      body = { "tmpl_msg_id string!", "largest_id integer where to go on", "limit integer at most 100" },
      returns = { "msginfo object[] of id, tmpl_msg_id, title, content, send_timestamp, openid" },
    },
  },
}
