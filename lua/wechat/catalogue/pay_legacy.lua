return {
  about = "Payments of the second edition (微信支付 V2, 旧版).",
  status = "removed",
  note = "Payments go through api.mch.weixin.qq.com now.",
  endpoints = {
    delivernotify = {
      doc = "Tells that goods were delivered.",
      call = "POST /pay/delivernotify",
      body = {
        "appid string!", "openid string!", "transid string!", "out_trade_no string!",
        "deliver_timestamp string!", "deliver_status string!", "deliver_msg string!",
        "app_signature string!", "sign_method string!",
      },
    },
    orderquery = {
      doc = "An order.",
      call = "POST /pay/orderquery",
      body = {
        "appid string!", "package string!", "timestamp string!", "app_signature string!",
        "sign_method string!",
      },
    },
    payfeedback_update = {
      doc = "Tells that a complaint was dealt with.",
      call = "GET /payfeedback/update",
      query = { "openid string!", "feedbackid string|integer!" },
    },
  },
}
