return {
  about = "Access tokens and tickets as the platform hands them out (接口调用凭据). Scripts want \z
    wechat.get_access_token, which caches.",
  endpoints = {
    get_access_token = {
      doc = "Fetches a token from the classic endpoint; the one before works for five more minutes.",
      call = "GET /cgi-bin/token",
      token = "none",
      query = { "grant_type string=client_credential", "appid string=@appid", "secret string=@appsecret" },
      returns = { "access_token string up to 512 characters", "expires_in integer seconds" },
      note = "2000 calls a day; the caller's IP must be in the whitelist (40164).",
    },
    get_stable_access_token = {
      doc = "Fetches the stable token: the same one until it is about to expire.",
      call = "POST /cgi-bin/stable_token",
      token = "none",
      body = {
        "grant_type string!=client_credential", "appid string!=@appid", "secret string!=@appsecret",
        "force_refresh boolean true: a new one, the present one ends",
      },
      returns = { "access_token string", "expires_in integer seconds left" },
      note = "Knows nothing of the classic token. force_refresh: 20 times a day, 30 s apart.",
    },
    getticket_jsapi = {
      doc = "Fetches the ticket that signs pages using the JS-SDK.",
      call = "GET /cgi-bin/ticket/getticket",
      query = { "type string=jsapi" },
      returns = { "ticket string", "expires_in integer seconds" },
      note = "wechat.get_jsapi_ticket caches it.",
    },
    getticket_wx_card = {
      doc = "Fetches the ticket that signs cards and invoices.",
      call = "GET /cgi-bin/ticket/getticket",
      query = { "type string=wx_card" },
      returns = { "ticket string", "expires_in integer seconds" },
    },
  },
}
