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
        "password string MD5; of the past",
      },
      note = "100 an account (65405); 65406: there already.",
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
      note = "Sent as JSON; the older form had kf_account in the query.",
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
      query = { "openid string" },
      returns = { "kf_account string", "createtime integer" },
    },
    session_list = {
      doc = "A member's sessions.",
      call = "GET /customservice/kfsession/getsessionlist",
      query = { "kf_account string" },
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
  },
}
