return {
  about = "Subscription notices (订阅通知), and the older kind for a single message (一次性订阅).",
  endpoints = {
    authorize_url = {
      doc = "The address of the page that asks for one message; nothing is sent.",
      call = "GET /mp/subscribemsg",
      host = "mp", url = "#wechat_redirect", token = "none",
      query = {
        "action string=get_confirm", "appid string=@appid", "scene string|integer 0 to 10000",
        "template_id string", "redirect_url string", "reserved string up to 128 bytes, comes back as it is",
      },
      note = "Comes back to redirect_url with openid, template_id, action, scene and reserved.",
    },
    send_once = {
      doc = "Sends the one message that the user agreed to.",
      call = "POST /cgi-bin/message/template/subscribe",
      send = true,
      body = {
        "touser string!", "template_id string!", "url string", "miniprogram object appid, pagepath",
        "scene string!", "title string! up to 15 characters",
        "data object! content = {value = ..., color = ...}",
      },
    },
    bizsend = {
      doc = "Sends a subscription notice.",
      call = "POST /cgi-bin/message/subscribe/bizsend",
      send = true,
      body = {
        "touser string!", "template_id string!", "page string", "miniprogram object appid, pagepath",
        "data object! keyword = {value = ...}",
        "miniprogram_state string developer|trial|formal", "lang string zh_CN|en_US|zh_HK|zh_TW",
      },
      returns = { "msgid integer not always there" },
      note = "43101: refused, or used up; 47003: the data does not fit the template. Verified service \z
        accounts only.",
    },
    add_template = {
      doc = "Takes a public template for the account.",
      call = "POST /wxaapi/newtmpl/addtemplate",
      body = {
        "tid string!", "kidList integer[]! ids of 2 to 5 keywords", "sceneDesc string up to 15 characters",
      },
      returns = { "priTmplId string" },
    },
    delete_template = {
      doc = "Removes a template.",
      call = "POST /wxaapi/newtmpl/deltemplate",
      body = { "priTmplId string!" },
    },
    get_category = {
      doc = "The account's service categories (服务类目).",
      call = "GET /wxaapi/newtmpl/getcategory",
      returns = { "data object[] of id, name" },
    },
    get_pub_template_keywords = {
      doc = "The keywords of a public title.",
      call = "GET /wxaapi/newtmpl/getpubtemplatekeywords",
      query = { "tid string|integer!" },
      returns = { "count integer", "data object[] of kid, name, example, rule" },
    },
    get_pub_template_titles = {
      doc = "Public titles in some categories.",
      call = "GET /wxaapi/newtmpl/getpubtemplatetitles",
      query = {
        "ids string|integer! categories, with commas", "start string|integer!",
        "limit string|integer! at most 30",
      },
      returns = { "count integer", "data object[] of tid, title, type, categoryId" },
    },
    list_templates = {
      doc = "The account's templates.",
      call = "GET /wxaapi/newtmpl/gettemplate",
      returns = { "data object[] of priTmplId, title, content, example, type, keywordEnumValueList" },
    },
  },
}
