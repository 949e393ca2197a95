return {
  about = "Shop guides and their customers (对话能力, 导购助手).",
  status = "removed",
  note = "Gone from the documents; said to be switched off.",
  endpoints = {
    addguideacct = {
      doc = "Adds a guide.",
      call = "POST /cgi-bin/guide/addguideacct",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "guide_headimgurl string", "guide_nickname string",
      },
    },
    getguideacct = {
      doc = "A guide.",
      call = "POST /cgi-bin/guide/getguideacct",
      body = { "guide_account string WeChat id", "guide_openid string one of the two is needed" },
      returns = {
        "guide_account string", "guide_openid string", "guide_nickname string", "guide_headimgurl string",
        "status integer",
      },
    },
    updateguideacct = {
      doc = "Changes a guide.",
      call = "POST /cgi-bin/guide/updateguideacct",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "guide_headimgurl string", "guide_nickname string",
      },
    },
    delguideacct = {
      doc = "Removes a guide.",
      call = "POST /cgi-bin/guide/delguideacct",
      body = { "guide_account string WeChat id", "guide_openid string one of the two is needed" },
    },
    getguideacctlist = {
      doc = "Lists guides.",
      call = "POST /cgi-bin/guide/getguideacctlist",
      body = { "page integer! from 0", "num integer!" },
      returns = { "total_num integer", "list array" },
    },
    guidecreateqrcode = {
      doc = "Makes a guide's QR code.",
      call = "POST /cgi-bin/guide/guidecreateqrcode",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "qrcode_info string",
      },
      returns = { "qrcode_url string" },
    },
    getguidebuyerchatrecord = {
      doc = "What a guide and customers said.",
      call = "POST /cgi-bin/guide/getguidebuyerchatrecord",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string",
        "begin_time integer", "end_time integer", "page integer!", "num integer!",
      },
      returns = {
        "total_num integer",
        "list array of openid, mem_id, guide_openid, guide_account, msgtype, msg, time, send_by",
      },
    },
    setguideconfig = {
      doc = "Sets a guide's quick and automatic answers.",
      call = "POST /cgi-bin/guide/setguideconfig",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "is_delete boolean", "guide_fast_reply_list array of content",
        "guide_auto_reply object of content, msgtype", "guide_auto_reply_plus object of content, msgtype",
      },
    },
    getguideconfig = {
      doc = "A guide's quick and automatic answers.",
      call = "POST /cgi-bin/guide/getguideconfig",
      body = { "guide_account string WeChat id", "guide_openid string one of the two is needed" },
      returns = { "guide_fast_reply_list array", "guide_auto_reply object", "guide_auto_reply_plus object" },
    },
    setguideacctconfig = {
      doc = "Sets forbidden words and the account's automatic answer.",
      call = "POST /cgi-bin/guide/setguideacctconfig",
      body = {
        "is_delete boolean", "black_keyword object of values[]", "guide_auto_reply object of content",
      },
    },
    getguideacctconfig = {
      doc = "Forbidden words and the account's automatic answer.",
      call = "POST /cgi-bin/guide/getguideacctconfig",
      returns = { "black_keyword object", "guide_auto_reply object" },
    },
    pushshowwxapathmenu = {
      doc = "Lets a guide copy paths of a mini program, for 60 days.",
      call = "POST /cgi-bin/guide/pushshowwxapathmenu",
      body = { "wxa_appid string!", "wx_username string!" },
    },
    newguidegroup = {
      doc = "Adds a group of guides.",
      call = "POST /cgi-bin/guide/newguidegroup",
      body = { "group_name string!" },
      returns = { "group_id integer" },
    },
    getguidegrouplist = {
      doc = "Lists groups of guides.",
      call = "POST /cgi-bin/guide/getguidegrouplist",
      returns = { "group_list array of id, group_name, create_time, update_time" },
    },
    getgroupinfo = {
      doc = "The guides of a group.",
      call = "POST /cgi-bin/guide/getgroupinfo",
      body = { "group_id integer!", "page integer!", "num integer!" },
      returns = { "total_num integer", "list array" },
    },
    addguide2guidegroup = {
      doc = "Puts a guide in a group.",
      call = "POST /cgi-bin/guide/addguide2guidegroup",
      body = { "group_id integer!", "guide_account string!" },
    },
    delguide2guidegroup = {
      doc = "Takes a guide out of a group.",
      call = "POST /cgi-bin/guide/delguide2guidegroup",
      body = { "group_id integer!", "guide_account string!" },
    },
    getgroupbyguide = {
      doc = "The groups of a guide.",
      call = "POST /cgi-bin/guide/getgroupbyguide",
      body = { "guide_account string!" },
      returns = { "group_id_list integer[]" },
    },
    delguidegroup = {
      doc = "Removes a group of guides.",
      call = "POST /cgi-bin/guide/delguidegroup",
      body = { "group_id integer!" },
    },
    addguidebuyerrelation = {
      doc = "Gives customers to a guide.",
      call = "POST /cgi-bin/guide/addguidebuyerrelation",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "openid string one", "buyer_nickname string", "buyer_list array up to 200 of openid, buyer_nickname",
      },
      returns = { "buyer_resp object[] of openid, errcode" },
    },
    delguidebuyerrelation = {
      doc = "Takes customers from a guide.",
      call = "POST /cgi-bin/guide/delguidebuyerrelation",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string",
        "openid_list array at most 200",
      },
      returns = { "buyer_resp object[] of openid, errcode" },
    },
    getguidebuyerrelationlist = {
      doc = "A guide's customers.",
      call = "POST /cgi-bin/guide/getguidebuyerrelationlist",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "page integer!",
        "num integer!",
      },
      returns = { "total_num integer", "list array of openid, buyer_nickname, create_time" },
    },
    rebindguideacctforbuyer = {
      doc = "Moves customers to another guide.",
      call = "POST /cgi-bin/guide/rebindguideacctforbuyer",
      body = {
        "old_guide_account string", "old_guide_openid string", "new_guide_account string",
        "new_guide_openid string", "openid string", "openid_list array at most 200",
      },
      returns = { "buyer_resp object[] of openid, errcode" },
    },
    updateguidebuyerrelation = {
      doc = "Renames a customer.",
      call = "POST /cgi-bin/guide/updateguidebuyerrelation",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string!",
        "buyer_nickname string!",
      },
    },
    getguidebuyerrelationbybuyer = {
      doc = "The guide of a customer.",
      call = "POST /cgi-bin/guide/getguidebuyerrelationbybuyer",
      body = { "openid string!" },
      returns = {
        "guide_account string", "guide_openid string", "buyer_nickname string", "create_time integer",
      },
    },
    getguidebuyerrelation = {
      doc = "Since when a customer is a guide's.",
      call = "POST /cgi-bin/guide/getguidebuyerrelation",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string!",
      },
      returns = { "openid string", "buyer_nickname string", "create_time integer" },
    },
    newguidetagoption = {
      doc = "Adds a kind of tag.",
      call = "POST /cgi-bin/guide/newguidetagoption",
      body = { "tag_name string!", "tag_values string[]! at most 50" },
    },
    delguidetagoption = {
      doc = "Removes a kind of tag.",
      call = "POST /cgi-bin/guide/delguidetagoption",
      body = { "tag_name string!" },
    },
    addguidetagoption = {
      doc = "Adds values to a kind of tag.",
      call = "POST /cgi-bin/guide/addguidetagoption",
      body = { "tag_name string!", "tag_values string[]!" },
    },
    getguidetagoption = {
      doc = "The kinds of tags, with their values.",
      call = "POST /cgi-bin/guide/getguidetagoption",
      returns = { "options array of tag_name, tag_values" },
    },
    addguidebuyertag = {
      doc = "Tags customers.",
      call = "POST /cgi-bin/guide/addguidebuyertag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "tag_value string!", "openid string", "openid_list array at most 200",
      },
      returns = { "buyer_resp object[] of openid, errcode" },
    },
    getguidebuyertag = {
      doc = "A customer's tags.",
      call = "POST /cgi-bin/guide/getguidebuyertag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string!",
      },
      returns = { "tag_values string[]" },
    },
    queryguidebuyerbytag = {
      doc = "Finds customers by tags.",
      call = "POST /cgi-bin/guide/queryguidebuyerbytag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "push_count integer pushes that are left", "tag_values string[]",
      },
      returns = { "openid_list string[]" },
    },
    delguidebuyertag = {
      doc = "Takes a tag off customers.",
      call = "POST /cgi-bin/guide/delguidebuyertag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "tag_value string!", "openid string", "openid_list array",
      },
      returns = { "buyer_resp object[] of openid, errcode" },
    },
    addguidebuyerdisplaytag = {
      doc = "Sets a customer's free tags.",
      call = "POST /cgi-bin/guide/addguidebuyerdisplaytag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string!",
        "display_tag_list string[]! at most 50",
      },
    },
    getguidebuyerdisplaytag = {
      doc = "A customer's free tags.",
      call = "POST /cgi-bin/guide/getguidebuyerdisplaytag",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed", "openid string!",
      },
      returns = { "display_tag_list string[]" },
    },
    setguidecardmaterial = {
      doc = "Adds a mini program's card for guides to send.",
      call = "POST /cgi-bin/guide/setguidecardmaterial",
      body = { "media_id string!", "type integer!=0", "title string!", "path string!", "appid string!" },
    },
    getguidecardmaterial = {
      doc = "The cards that guides can send.",
      call = "POST /cgi-bin/guide/getguidecardmaterial",
      body = { "type integer!=0" },
      returns = { "card_list array" },
    },
    delguidecardmaterial = {
      doc = "Removes a card.",
      call = "POST /cgi-bin/guide/delguidecardmaterial",
      body = { "type integer!=0", "title string!", "path string!", "appid string!" },
    },
    setguideimagematerial = {
      doc = "Adds a picture for guides to send.",
      call = "POST /cgi-bin/guide/setguideimagematerial",
      body = { "media_id string!", "type integer!=0" },
    },
    getguideimagematerial = {
      doc = "The pictures that guides can send.",
      call = "POST /cgi-bin/guide/getguideimagematerial",
      body = { "type integer!=0", "start integer!", "num integer!" },
      returns = { "total_num integer", "list array of picurl, create_time" },
    },
    delguideimagematerial = {
      doc = "Removes a picture.",
      call = "POST /cgi-bin/guide/delguideimagematerial",
      body = { "type integer!=0", "picurl string!" },
    },
    setguidewordmaterial = {
      doc = "Adds a text for guides to send.",
      call = "POST /cgi-bin/guide/setguidewordmaterial",
      body = { "type integer!=0", "word string!" },
    },
    getguidewordmaterial = {
      doc = "The texts that guides can send.",
      call = "POST /cgi-bin/guide/getguidewordmaterial",
      body = { "type integer!=0", "start integer!", "num integer!" },
      returns = { "total_num integer", "list array of word, create_time" },
    },
    delguidewordmaterial = {
      doc = "Removes a text.",
      call = "POST /cgi-bin/guide/delguidewordmaterial",
      body = { "type integer!=0", "word string!" },
    },
    addguidemassendjob = {
      doc = "Gives a guide something to send to many.",
      call = "POST /cgi-bin/guide/addguidemassendjob",
      send = true,
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "task_name string! up to 16 characters", "task_remark string at most 100", "push_time integer!",
        "openid string[]!", "material array! up to three of type (1 text, 3 picture, 27 mini program)",
        "word string by type", "media_id string by type", "title string by type", "path string by type",
        "appid string by type",
      },
      returns = { "task_result array of task_id, openid" },
    },
    getguidemassendjoblist = {
      doc = "Lists what guides have to send.",
      call = "POST /cgi-bin/guide/getguidemassendjoblist",
      body = {
        "guide_account string WeChat id", "guide_openid string one of the two is needed",
        "task_status integer[]", "offset integer", "limit integer",
      },
      returns = { "list array", "total_num integer" },
    },
    getguidemassendjob = {
      doc = "What a guide has to send.",
      call = "POST /cgi-bin/guide/getguidemassendjob",
      body = { "task_id string!" },
      returns = { "job object" },
    },
    updateguidemassendjob = {
      doc = "Changes what a guide has to send.",
      call = "POST /cgi-bin/guide/updateguidemassendjob",
      body = {
        "task_id string!", "task_name string up to 16 characters", "task_remark string at most 100",
        "push_time integer", "openid string[]",
        "material array up to three of type (1 text, 3 picture, 27 mini program)", "word string by type",
        "media_id string by type", "title string by type", "path string by type", "appid string by type",
      },
    },
    cancelguidemassendjob = {
      doc = "Takes back what a guide has to send.",
      call = "POST /cgi-bin/guide/cancelguidemassendjob",
      body = { "task_id string!" },
    },
  },
}
