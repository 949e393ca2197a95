return {
  about = "Customer service staff, their sessions and records (客服管理).",
  endpoints = {
    list = {
      doc = "The staff.",
      call = "GET /cgi-bin/customservice/getkflist",
      returns = {
        "kf_list object[] of kf_account, kf_nick, kf_id, kf_headimgurl, kf_wx, invite_wx, \z
          invite_expire_time, invite_status",
      },
    },
    list_online = {
      doc = "Who is at work, and how busy.",
      call = "GET /cgi-bin/customservice/getonlinekflist",
      returns = { "kf_online_list object[] of kf_account, status, kf_id, accepted_case, auto_accept" },
    },
    account_add = {
      doc = "Adds a member of staff.",
      call = "POST /customservice/kfaccount/add",
      body = {
        "kf_account string! NAME@ACCOUNT", "nickname string! up to 16 characters",
        "password string MD5; of the past", "business_id string sub-merchant",
      },
      note = "The account needs a WeChat id (微信号) first, which stands after the @ (else 65400). 100 an \z
        account (65405); 65406: there already.",
    },
    account_update = {
      doc = "Renames a member of staff.",
      call = "POST /customservice/kfaccount/update",
      body = { "kf_account string!", "nickname string!", "password string of the past" },
    },
    account_delete = {
      doc = "Removes a member of staff.",
      call = "POST /customservice/kfaccount/del",
      body = { "kf_account string! NAME@ACCOUNT", "business_id string" },
      note = "The older form, which the platform still takes, has kf_account in the query.",
    },
    account_inviteworker = {
      doc = "Asks a WeChat user to join as a member of staff.",
      call = "POST /customservice/kfaccount/inviteworker",
      body = { "kf_account string!", "invite_wx string! WeChat id" },
      note = "65407 to 65413 say why not.",
    },
    account_uploadheadimg = {
      doc = "Sets a member's picture.",
      call = "UPLOAD /customservice/kfaccount/uploadheadimg",
      query = { "kf_account string" },
      body = { "media file! jpg, 640 x 640" },
    },
    account_setadmin = {
      doc = "Makes a member of staff the administrator.",
      call = "GET /customservice/kfaccount/setadmin",
      query = { "kf_openid string!" },
      note = "Customer service of mini programs.",
    },
    account_canceladmin = {
      doc = "Takes the administrator's role from a member of staff.",
      call = "GET /customservice/kfaccount/canceladmin",
      query = { "kf_openid string!" },
      note = "Customer service of mini programs.",
    },
    session_create = {
      doc = "Opens a session between a user and a member of staff who is online.",
      call = "POST /customservice/kfsession/create",
      body = { "kf_account string!", "openid string!", "text string of the past" },
    },
    session_close = {
      doc = "Closes a session.",
      call = "POST /customservice/kfsession/close",
      body = { "kf_account string!", "openid string!", "text string of the past" },
    },
    session_get = {
      doc = "Who looks after a user.",
      call = "GET /customservice/kfsession/getsession",
      query = { "openid string!" },
      returns = { "kf_account string", "createtime integer" },
    },
    session_list = {
      doc = "A member's sessions.",
      call = "GET /customservice/kfsession/getsessionlist",
      query = { "kf_account string!" },
      returns = { "sessionlist object[] of openid, createtime" },
    },
    session_waitcase = {
      doc = "Users who wait for somebody, the first 100.",
      call = "GET /customservice/kfsession/getwaitcase",
      returns = { "count integer", "waitcaselist object[] of openid, latest_time" },
    },
    msgrecord_list = {
      doc = "What was said, 10,000 messages a time.",
      call = "POST /customservice/msgrecord/getmsglist",
      body = {
        "starttime integer!", "endtime integer! of the same day", "msgid integer! 1, then as it came back",
        "number integer! at most 10000",
      },
      returns = {
        "recordlist object[] of worker, openid, opercode (2002 agent sent, 2003 agent received), time, text",
        "number integer", "msgid integer where to go on",
      },
    },
    msgrecord_get_legacy = {
      doc = "What was said, by page.",
      call = "POST /customservice/msgrecord/getrecord",
      status = "removed",
      body = {
        "starttime integer!", "endtime integer!", "pageindex integer!", "pagesize integer!", "openid string",
      },
      returns = { "recordlist object[]" },
      note = "msgrecord_list took its place.",
    },
    work_get = {
      doc = "The WeCom company that customer service is bound to.",
      call = "POST /customservice/work/get",
      returns = { "entityName string", "corpid string", "bindTime integer" },
      note = "Mini programs with WeCom (企业微信).",
    },
    work_bind = {
      doc = "Binds customer service to a WeCom company.",
      call = "POST /customservice/work/bind",
      body = { "corpid string!" },
      note = "Mini programs with WeCom (企业微信).",
    },
    work_unbind = {
      doc = "Unbinds customer service from its WeCom company.",
      call = "POST /customservice/work/unbind",
      body = { "corpid string!" },
      note = "Mini programs with WeCom (企业微信).",
    },
    business_register = {
      doc = "Adds a sub-merchant with customer service of its own.",
      call = "POST /cgi-bin/business/register",
      body = {
        "account_name string!", "nickname string!", "icon_media_id string!", "transfer_to_commkf boolean",
      },
      returns = { "business_id integer" },
      note = "Customer service of mini programs.",
    },
    business_update = {
      doc = "Changes a sub-merchant.",
      call = "POST /cgi-bin/business/update",
      body = { "business_id integer!", "nickname string", "icon_media_id string" },
      note = "Customer service of mini programs.",
    },
    business_get = {
      doc = "A sub-merchant, by its id or its name.",
      call = "POST /cgi-bin/business/get",
      body = { "business_id integer", "account_name string in place of business_id" },
      returns = { "business_info object of business_id, account_name, nickname, icon_url" },
      note = "Customer service of mini programs.",
    },
    business_list = {
      doc = "Lists the sub-merchants.",
      call = "POST /cgi-bin/business/list",
      body = { "offset integer!", "count integer!" },
      returns = { "list object[] of business_id, account_name, nickname, icon_url" },
      note = "Customer service of mini programs.",
    },
  },
}
