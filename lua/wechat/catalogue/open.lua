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
    have = {
      doc = "Whether an account is tied to an open platform account.",
      call = "POST /cgi-bin/open/have",
      returns = { "have_open boolean" },
      note = "By third-party platforms, with the account's token.",
    },
    sameentity = {
      doc = "Whether the account's open platform account has the same owner.",
      call = "GET /cgi-bin/open/sameentity",
      returns = { "same_entity boolean" },
      note = "By third-party platforms, with the account's token.",
    },
    component_token = {
      doc = "Fetches the component_access_token of a third-party platform.",
      call = "POST /cgi-bin/component/api_component_token",
      token = "none",
      body = {
        "component_appid string!", "component_appsecret string!",
        "component_verify_ticket string! the last one that was pushed",
      },
      returns = { "component_access_token string", "expires_in integer" },
      note = "By third-party platforms. 61005: the ticket is old, 61006: it is wrong.",
    },
    component_preauthcode = {
      doc = "Makes the code for the page on which an account authorises the platform.",
      call = "POST /cgi-bin/component/api_create_preauthcode",
      token = "component",
      query = { "component_access_token string" },
      body = { "component_appid string!" },
      returns = { "pre_auth_code string", "expires_in integer" },
      note = "By third-party platforms.",
    },
    component_query_auth = {
      doc = "Exchanges an authorisation code for an account's tokens.",
      call = "POST /cgi-bin/component/api_query_auth",
      token = "component",
      query = { "component_access_token string" },
      body = { "component_appid string!", "authorization_code string!" },
      returns = {
        "authorization_info object of authorizer_appid, authorizer_access_token, expires_in, \z
          authorizer_refresh_token, func_info[]",
      },
      note = "By third-party platforms. 61009: the code is wrong, 61010: it is old.",
    },
    component_authorizer_token = {
      doc = "Renews an account's token.",
      call = "POST /cgi-bin/component/api_authorizer_token",
      token = "component",
      query = { "component_access_token string" },
      body = {
        "component_appid string!", "authorizer_appid string!", "authorizer_refresh_token string!",
      },
      returns = {
        "authorizer_access_token string", "expires_in integer", "authorizer_refresh_token string",
      },
      note = "By third-party platforms.",
    },
    component_authorizer_list = {
      doc = "Lists the accounts that authorised the platform.",
      call = "POST /cgi-bin/component/api_get_authorizer_list",
      token = "component",
      query = { "component_access_token string" },
      body = { "component_appid string!", "offset integer!", "count integer!" },
      returns = { "total_count integer", "list object[] of authorizer_appid, refresh_token, auth_time" },
      note = "By third-party platforms.",
    },
    component_authorizer_info = {
      doc = "An account that authorised the platform: its name, kind, verification and rights.",
      call = "POST /cgi-bin/component/api_get_authorizer_info",
      token = "component",
      query = { "component_access_token string" },
      body = { "component_appid string!", "authorizer_appid string!" },
      returns = {
        "authorizer_info object of nick_name, head_img, user_name, alias, principal_name, signature, \z
          qrcode_url, service_type_info, verify_type_info, business_info, account_status, register_type",
        "authorization_info object of authorizer_appid, func_info[]",
      },
      note = "By third-party platforms. service_type_info.id: 0 and 1 subscription account, 2 service \z
        account; verify_type_info.id: -1 not verified, 0 verified.",
    },
    component_authorizer_option_get = {
      doc = "An option of an account.",
      call = "POST /cgi-bin/component/api_get_authorizer_option",
      token = "component",
      query = { "component_access_token string" },
      body = {
        "component_appid string", "authorizer_appid string",
        "option_name string! location_report|voice_recognize|customer_service",
      },
      returns = { "authorizer_appid string", "option_name string", "option_value string" },
      note = "By third-party platforms.",
    },
    component_authorizer_option_set = {
      doc = "Sets an option of an account.",
      call = "POST /cgi-bin/component/api_set_authorizer_option",
      token = "component",
      query = { "component_access_token string" },
      body = {
        "component_appid string", "authorizer_appid string",
        "option_name string! location_report|voice_recognize|customer_service", "option_value string!",
      },
      note = "By third-party platforms.",
    },
    component_start_push_ticket = {
      doc = "Begins the pushes of component_verify_ticket, one in ten minutes.",
      call = "POST /cgi-bin/component/api_start_push_ticket",
      token = "none",
      body = { "component_appid string!", "component_secret string!" },
      note = "By third-party platforms.",
    },
    component_clear_quota = {
      doc = "Sets an account's daily counters to zero with the platform's secret.",
      call = "POST /cgi-bin/component/clear_quota/v2",
      token = "none",
      body = {
        "appid string! the account", "component_appid string!", "appsecret string! the platform's",
      },
      note = "By third-party platforms.",
    },
  },
}
