return {
  about = "Calls for mini programs that official accounts meet too (小程序).",
  status = "removed",
  endpoints = {
    uniform_send = {
      doc = "Sends a template message of a mini program or an account.",
      call = "POST /cgi-bin/message/wxopen/template/uniform_send",
      send = true, status = "deprecated",
      body = {
        "touser string!", "weapp_template_msg object",
        "mp_template_msg object of appid, template_id, url, miniprogram, data",
      },
      note = "The mini program's part no longer works.",
    },
    template_send = {
      doc = "Sends a mini program's template message.",
      call = "POST /cgi-bin/message/wxopen/template/send",
      send = true,
      body = {
        "touser string!", "template_id string!", "page string", "form_id string!", "data object!",
        "emphasis_keyword string",
      },
      note = "Ended in January 2020.",
    },
    template_library_list = {
      doc = "Lists the library of templates.",
      call = "POST /cgi-bin/wxopen/template/library/list",
      body = { "offset integer!", "count integer!" },
      note = "Ended in January 2020.",
    },
    template_library_get = {
      doc = "A template of the library.",
      call = "POST /cgi-bin/wxopen/template/library/get",
      body = { "id string!" },
      note = "Ended in January 2020.",
    },
    template_add = {
      doc = "Takes a template from the library.",
      call = "POST /cgi-bin/wxopen/template/add",
      body = { "id string!", "keyword_id_list array!" },
      note = "Ended in January 2020.",
    },
    template_list = {
      doc = "Lists templates.",
      call = "POST /cgi-bin/wxopen/template/list",
      body = { "offset integer!", "count integer!" },
      note = "Ended in January 2020.",
    },
    template_del = {
      doc = "Removes a template.",
      call = "POST /cgi-bin/wxopen/template/del",
      body = { "template_id string!" },
      note = "Ended in January 2020.",
    },
    activityid_create = {
      doc = "Makes the id of a message that can change.",
      call = "GET /cgi-bin/message/wxopen/activityid/create",
      status = "current",
      query = { "unionid string", "openid string" },
      returns = { "activity_id string", "expiration_time integer" },
    },
    updatablemsg_send = {
      doc = "Changes a message that can change.",
      call = "POST /cgi-bin/message/wxopen/updatablemsg/send",
      send = true, status = "current",
      body = {
        "activity_id string!", "target_state integer! 0 or 1", "template_info object! of parameter_list[]",
      },
    },
    subscribe_send = {
      doc = "Sends a mini program's subscription message.",
      call = "POST /cgi-bin/message/subscribe/send",
      send = true, status = "current",
      body = {
        "touser string!", "template_id string!", "page string", "miniprogram_state string", "lang string",
        "data object!",
      },
    },
    createwxaqrcode = {
      doc = "Makes a mini program's QR code.",
      call = "DOWNLOAD /cgi-bin/wxaapp/createwxaqrcode",
      status = "current",
      body = { "path string!", "width integer" },
      returns = { "(body) binary" },
    },
    wxamp_link = {
      doc = "Links a mini program to the account.",
      call = "POST /cgi-bin/wxopen/wxamplink",
      status = "current",
      body = {
        "appid string! the mini program", "notify_users integer! 0 or 1", "show_profile integer! 0 or 1",
      },
      note = "By third-party platforms, with the account's token.",
    },
    wxamp_unlink = {
      doc = "Unlinks a mini program from the account.",
      call = "POST /cgi-bin/wxopen/wxampunlink",
      status = "current",
      body = { "appid string! the mini program" },
      note = "By third-party platforms, with the account's token.",
    },
    wxamp_linkget = {
      doc = "Lists the mini programs that are linked to the account.",
      call = "POST /cgi-bin/wxopen/wxamplinkget",
      status = "current",
      returns = {
        "wxopens.items object[] of status, username, appid, source, nickname, headimg_url, selected, \z
          nearby_display_status, released, func_infos[], email",
      },
      note = "By third-party platforms, with the account's token.",
    },
    account_fastregister = {
      doc = "Registers a mini program with the account's verification.",
      call = "POST /cgi-bin/account/fastregister",
      status = "current",
      body = { "ticket string!" },
      returns = {
        "appid string", "authorization_code string", "is_wx_verify_succ boolean", "is_link_succ boolean",
      },
      note = "By third-party platforms.",
    },
  },
}
