return {
  about = "Wi-Fi in shops (微信连Wi-Fi).",
  status = "removed",
  note = "The product was closed.",
  endpoints = {
    shop_list = {
      doc = "Lists shops.",
      call = "POST /bizwifi/shop/list",
      body = { "pageindex integer", "pagesize integer at most 20" },
      returns = { "data object of totalcount, pageindex, pagecount, records[]" },
    },
    shop_get = {
      doc = "A shop.",
      call = "POST /bizwifi/shop/get",
      body = { "shop_id integer!" },
      returns = { "data object of shop_name, ssid, ssid_list[], protocol_type, ap_count, template_id, ..." },
    },
    shop_update = {
      doc = "Changes a shop's network.",
      call = "POST /bizwifi/shop/update",
      body = { "shop_id integer!", "old_ssid string!", "ssid string!", "password string" },
    },
    shop_clean = {
      doc = "Clears a shop's networks.",
      call = "POST /bizwifi/shop/clean",
      body = { "shop_id integer!", "ssid string" },
    },
    device_add = {
      doc = "Adds a device with a password.",
      call = "POST /bizwifi/device/add",
      body = { "shop_id integer!", "ssid string!", "password string!", "bssid string" },
    },
    apportal_register = {
      doc = "Adds a device with a portal.",
      call = "POST /bizwifi/apportal/register",
      body = { "shop_id integer!", "ssid string!", "reset boolean" },
      returns = { "data.secretkey string" },
    },
    device_list = {
      doc = "Lists devices.",
      call = "POST /bizwifi/device/list",
      body = { "shop_id integer", "pageindex integer", "pagesize integer at most 20" },
      returns = { "data object" },
    },
    device_delete = {
      doc = "Removes a device.",
      call = "POST /bizwifi/device/delete",
      body = { "bssid string!" },
    },
    qrcode_get = {
      doc = "The QR code that connects.",
      call = "POST /bizwifi/qrcode/get",
      body = { "shop_id integer!", "ssid string", "img_id integer!" },
      returns = { "data.qrcode_url string" },
    },
    homepage_set = {
      doc = "Sets the page where users land.",
      call = "POST /bizwifi/homepage/set",
      body = { "shop_id integer!", "template_id integer!", "struct object address" },
    },
    homepage_get = {
      doc = "The page where users land.",
      call = "POST /bizwifi/homepage/get",
      body = { "shop_id integer!" },
      returns = { "data object of shop_id, template_id, url" },
    },
    bar_set = {
      doc = "Sets the text of the bar at the top.",
      call = "POST /bizwifi/bar/set",
      body = { "shop_id integer!", "bar_type integer! 0 to 3" },
    },
    finishpage_set = {
      doc = "Sets the page that users see once connected.",
      call = "POST /bizwifi/finishpage/set",
      body = { "shop_id integer!", "finishpage_url string!" },
    },
    couponput_set = {
      doc = "Offers a coupon to users once connected.",
      call = "POST /bizwifi/couponput/set",
      body = {
        "shop_id integer!", "card_id string!", "card_describe string!", "start_time integer!",
        "end_time integer!", "card_quantity integer!",
      },
    },
    couponput_get = {
      doc = "The coupon that is offered.",
      call = "POST /bizwifi/couponput/get",
      body = { "shop_id integer!" },
      returns = { "data object" },
    },
    statistics_list = {
      doc = "Numbers of a shop, or of all.",
      call = "POST /bizwifi/statistics/list",
      body = { "begin_date string!", "end_date string!", "shop_id integer! -1: all" },
      returns = { "data array of shop_id, statis_time, total_user, homepage_uv, new_fans, total_fans, ..." },
    },
    openplugin_token = {
      doc = "The token for a plug-in of another maker.",
      call = "POST /bizwifi/openplugin/token",
      body = { "callback_url string!" },
      returns = { "data object of is_open, wifi_token" },
    },
    account_get_connecturl = {
      doc = "The address at which phones connect.",
      call = "GET /bizwifi/account/get_connecturl",
      returns = { "data object of connect_url" },
    },
  },
}
