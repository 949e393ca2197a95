return {
  about = "Addresses of the platform, and its check of the callback address (基础接口).",
  endpoints = {
    get_callback_ip = {
      doc = "The addresses from which callbacks come.",
      call = "GET /cgi-bin/getcallbackip",
      returns = { "ip_list string[] addresses, or blocks of them" },
    },
    get_api_domain_ip = {
      doc = "The addresses of the API's servers.",
      call = "GET /cgi-bin/get_api_domain_ip",
      returns = { "ip_list string[]" },
    },
    callback_check = {
      doc = "Has the platform try the callback address: its name, its way there.",
      call = "POST /cgi-bin/callback/check",
      body = { "action string! dns|ping|all", "check_operator string! CHINANET|UNICOM|CAP|DEFAULT" },
      returns = {
        "dns object[] of ip, real_operator", "ping object[] of ip, from_operator, package_loss, time",
      },
      note = "40201 to 40203: address, action or operator is wrong.",
    },
  },
}
