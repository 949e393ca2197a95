return {
  about = "Ties to an account of the open platform (微信开放平台帐号管理).",
  endpoints = {
    bind = {
      doc = "Ties an account to an open platform account.",
      call = "POST /cgi-bin/open/bind",
      body = { "appid string!", "open_appid string!" },
      note = "By third-party platforms, with the account's token.",
    },
    unbind = {
      doc = "Unties an account from an open platform account.",
      call = "POST /cgi-bin/open/unbind",
      body = { "appid string!", "open_appid string!" },
    },
    get = {
      doc = "The open platform account that an account is tied to.",
      call = "POST /cgi-bin/open/get",
      body = { "appid string!" },
      returns = { "open_appid string" },
    },
    create = {
      doc = "Makes an open platform account and ties an account to it.",
      call = "POST /cgi-bin/open/create",
      body = { "appid string!" },
      returns = { "open_appid string" },
    },
  },
}
