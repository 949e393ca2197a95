return {
  about = "Web pages that learn who is looking (网页授权), and logging in by QR code.",
  endpoints = {
    authorize = {
      doc = "The address of the page that asks who is looking; nothing is sent.",
      call = "GET /connect/oauth2/authorize",
      host = "open", url = "#wechat_redirect", token = "none",
      query = {
        "appid string=@appid", "redirect_uri string!", "response_type string=code",
        "scope string=snsapi_base snsapi_base|snsapi_userinfo", "state string comes back as it is",
        "forcePopup boolean|string", "forceSnapShot boolean|string",
      },
      note = "Comes back to redirect_uri with a code, good once, within five minutes.",
    },
    qrconnect = {
      doc = "The address of the page to log in on by QR code; nothing is sent.",
      call = "GET /connect/qrconnect",
      host = "open", url = "#wechat_redirect", token = "none",
      query = {
        "appid string=@appid", "redirect_uri string!", "response_type string=code",
        "scope string=snsapi_login", "state string comes back as it is",
      },
      note = "For website apps of the open platform, by their own appid.",
    },
    access_token = {
      doc = "A code for a web token and the user's openid.",
      call = "GET /sns/oauth2/access_token",
      token = "none",
      query = {
        "appid string=@appid", "secret string=@appsecret", "code string!",
        "grant_type string=authorization_code",
      },
      returns = {
        "access_token string", "expires_in integer seconds", "refresh_token string lasts 30 days",
        "openid string", "scope string", "is_snapshotuser integer 1: not a real user", "unionid string",
      },
    },
    refresh_token = {
      doc = "Renews a web token.",
      call = "GET /sns/oauth2/refresh_token",
      token = "none",
      query = { "appid string=@appid", "grant_type string=refresh_token", "refresh_token string!" },
      returns = {
        "access_token string", "expires_in integer", "refresh_token string", "openid string", "scope string",
      },
    },
    userinfo = {
      doc = "The profile of the user who agreed.",
      call = "GET /sns/userinfo",
      token = "oauth",
      query = { "access_token string! the web token", "openid string!", "lang string zh_CN|zh_TW|en" },
      returns = {
        "openid string", "nickname string", "sex integer", "province string", "city string",
        "country string", "headimgurl string", "privilege string[]", "unionid string",
      },
      note = "Scope snsapi_userinfo.",
    },
    auth_check = {
      doc = "Whether a web token still holds.",
      call = "GET /sns/auth",
      token = "oauth",
      query = { "access_token string! the web token", "openid string!" },
      returns = { "errcode integer 0: it holds" },
    },
    component_access_token = {
      doc = "The same as access_token, on behalf of an account.",
      call = "GET /sns/oauth2/component/access_token",
      token = "component",
      query = {
        "appid string=@appid", "code string!", "grant_type string=authorization_code",
        "component_appid string!", "component_access_token string!",
      },
      returns = {
        "access_token string", "expires_in integer", "refresh_token string", "openid string", "scope string",
      },
    },
    component_refresh_token = {
      doc = "The same as refresh_token, on behalf of an account.",
      call = "GET /sns/oauth2/component/refresh_token",
      token = "component",
      query = {
        "appid string=@appid", "grant_type string=refresh_token", "component_appid string!",
        "component_access_token string!", "refresh_token string!",
      },
      returns = {
        "access_token string", "expires_in integer", "refresh_token string", "openid string", "scope string",
      },
    },
    jscode2session = {
      doc = "A mini program's login code for openid and session_key.",
      call = "GET /sns/jscode2session",
      token = "none",
      query = {
        "appid string=@appid", "secret string=@appsecret", "js_code string!",
        "grant_type string=authorization_code",
      },
      returns = { "openid string", "session_key string", "unionid string" },
    },
    component_jscode2session = {
      doc = "The same as jscode2session, on behalf of an account.",
      call = "GET /sns/component/jscode2session",
      token = "component",
      query = {
        "appid string!", "js_code string!", "grant_type string=authorization_code", "component_appid string!",
        "component_access_token string!",
      },
      returns = { "openid string", "session_key string", "unionid string" },
      note = "By third-party platforms.",
    },
  },
}
