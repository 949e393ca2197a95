return {
  about = "Followers: profiles, lists, remarks, the blacklist (用户管理).",
  endpoints = {
    info = {
      doc = "A follower's profile.",
      call = "GET /cgi-bin/user/info",
      query = { "openid string!", "lang string zh_CN|zh_TW|en" },
      returns = {
        "subscribe integer 0 or 1", "openid string", "unionid string", "language string",
        "subscribe_time integer", "remark string", "groupid integer", "tagid_list integer[]",
        "subscribe_scene string ADD_SCENE_...", "qr_scene integer", "qr_scene_str string",
        "nickname string empty since 2021", "headimgurl string empty since 2021", "sex integer",
        "city string", "province string", "country string",
      },
      note = "Names, pictures, sex and region come empty since 2021.",
    },
    batchget_info = {
      doc = "Profiles of up to 100 followers.",
      call = "POST /cgi-bin/user/info/batchget",
      body = { "user_list object[]! up to 100 of openid, lang" },
      returns = { "user_info_list object[] as wechat.user.info gives it" },
    },
    list = {
      doc = "The followers' openids, 10,000 a time.",
      call = "GET /cgi-bin/user/get",
      query = { "next_openid string where to go on; the first page without it" },
      returns = { "total integer", "count integer", "data.openid string[]", "next_openid string" },
    },
    update_remark = {
      doc = "Sets the name that the account knows a follower by.",
      call = "POST /cgi-bin/user/info/updateremark",
      body = { "openid string!", "remark string! under 30 characters" },
    },
    get_blacklist = {
      doc = "The users who are shut out, 1000 a time.",
      call = "POST /cgi-bin/tags/members/getblacklist",
      body = { "begin_openid string where to go on; the first page without it" },
      returns = { "total integer", "count integer", "data.openid string[]", "next_openid string" },
    },
    batch_blacklist = {
      doc = "Shuts users out.",
      call = "POST /cgi-bin/tags/members/batchblacklist",
      body = { "openid_list string[]! at most 20" },
    },
    batch_unblacklist = {
      doc = "Lets users in again.",
      call = "POST /cgi-bin/tags/members/batchunblacklist",
      body = { "openid_list string[]! at most 20" },
    },
    change_openid = {
      doc = "Old openids to new ones, after an account was moved.",
      call = "POST /cgi-bin/changeopenid",
      body = { "from_appid string!", "openid_list string[]! at most 100" },
      returns = { "result_list object[] of ori_openid, new_openid, err_msg" },
      note = "Within 15 days; each row has an err_msg of its own.",
    },
  },
}
