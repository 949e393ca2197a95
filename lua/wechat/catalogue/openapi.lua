return {
  about = "Call quotas, and what became of a request (API 管理).",
  endpoints = {
    clear_quota = {
      doc = "Sets all of the account's daily counters to zero.",
      call = "POST /cgi-bin/clear_quota",
      body = { "appid string!=@appid" },
      note = "Ten resets a month, by hand and by API together (48006).",
    },
    clear_quota_v2 = {
      doc = "The same with the secret in place of a token.",
      call = "POST /cgi-bin/clear_quota/v2",
      token = "none",
      query = { "appid string=@appid", "appsecret string=@appsecret" },
      body = { "appid string!=@appid", "appsecret string!=@appsecret" },
      note = "For when no calls are left to fetch a token with. Counts among the ten resets a month. The \z
        platform's pages disagree on where the two stand: they are sent in query and body.",
    },
    quota_get = {
      doc = "A day's limit of one API, and what is left of it.",
      call = "POST /cgi-bin/openapi/quota/get",
      body = { "cgi_path string! of the API, from \"/cgi-bin\" on" },
      returns = {
        "quota.daily_limit integer", "quota.used integer", "quota.remain integer",
        "rate_limit object of call_count, refresh_second", "component_rate_limit object",
      },
      note = "76003: cgi_path is malformed, 76021: there is no such path, 76022: no right to it.",
    },
    quota_clear = {
      doc = "Sets one API's daily counter to zero.",
      call = "POST /cgi-bin/openapi/quota/clear",
      body = { "cgi_path string! of the API, from \"/cgi-bin\" on" },
      note = "Counts among the ten resets a month.",
    },
    rid_get = {
      doc = "The request behind the rid of an error message, for seven days.",
      call = "POST /cgi-bin/openapi/rid/get",
      body = { "rid string! as err.rid has it" },
      returns = {
        "request.invoke_time integer", "request.cost_in_ms integer", "request.request_url string",
        "request.request_body string", "request.response_body string", "request.client_ip string",
      },
      note = "76001: unknown, 76002: malformed, 76003: another account's.",
    },
  },
}
