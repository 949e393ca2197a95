return {
  about = "Fees to public offices (非税缴费).",
  status = "deprecated",
  note = "Paths are known, fields are not: all but `appid` is passed on as it is.",
  endpoints = {
    getbillauthurl = {
      doc = "The address of the page that asks for a bill.",
      call = "POST /nontax/getbillauthurl",
      body = { "appid string!", "... object fields of your own" },
    },
    createbillcard = {
      doc = "Makes a template for bills.",
      call = "POST /nontax/createbillcard",
      body = { "appid string!", "... object fields of your own" },
    },
    insertbill = {
      doc = "Puts a bill among a user's cards.",
      call = "POST /nontax/insertbill",
      body = { "appid string!", "... object fields of your own" },
    },
    queryfee = {
      doc = "What is owed.",
      call = "POST /nontax/queryfee",
      body = { "appid string!", "... object fields of your own" },
    },
    unifiedorder = {
      doc = "Makes an order.",
      call = "POST /nontax/unifiedorder",
      body = { "appid string!", "... object fields of your own" },
    },
    getorder = {
      doc = "An order.",
      call = "POST /nontax/getorder",
      body = { "appid string!", "... object fields of your own" },
    },
    refund = {
      doc = "Pays back.",
      call = "POST /nontax/refund",
      body = { "appid string!", "... object fields of your own" },
    },
    downloadbill = {
      doc = "Downloads the day's list.",
      call = "POST /nontax/downloadbill",
      body = { "appid string!", "... object fields of your own" },
    },
    notifyinconsistentorder = {
      doc = "Tells of an order that differs.",
      call = "POST /nontax/notifyinconsistentorder",
      body = { "appid string!", "... object fields of your own" },
    },
    mocknotification = {
      doc = "Plays a notification, for tests.",
      call = "POST /nontax/mocknotification",
      body = { "appid string!", "... object fields of your own" },
    },
    mockqueryfee = {
      doc = "Plays a question for what is owed, for tests.",
      call = "POST /nontax/mockqueryfee",
      body = { "appid string!", "... object fields of your own" },
    },
    micropay = {
      doc = "Takes a payment by the user's code.",
      call = "POST /nontax/micropay",
      body = { "appid string!", "... object fields of your own" },
    },
    getorderlist = {
      doc = "Lists orders.",
      call = "POST /nontax/getorderlist",
      body = { "appid string!", "... object fields of your own" },
    },
    getrealname = {
      doc = "A user's real name.",
      call = "POST /nontax/getrealname",
      body = { "appid string!", "... object fields of your own" },
    },
    vehicle_querystate = {
      doc = "Whether a car pays by itself.",
      call = "POST /nontax/vehicle/querystate",
      body = { "appid string!", "... object fields of your own" },
    },
    vehicle_entrancenotify = {
      doc = "Tells that a car drove in.",
      call = "POST /nontax/vehicle/entrancenotify",
      body = { "appid string!", "... object fields of your own" },
    },
    vehicle_payapply = {
      doc = "Takes a car's payment.",
      call = "POST /nontax/vehicle/payapply",
      body = { "appid string!", "... object fields of your own" },
    },
    realname_getauthurl = {
      doc = "The address of the page that asks for the real name.",
      call = "POST /intp/realname/getauthurl",
      body = { "... object fields of your own" },
    },
  },
}
