return {
  about = "Pages of goods behind bar codes (微信扫一扫).",
  status = "removed",
  note = "Gone from the documents.",
  endpoints = {
    merchantinfo_get = {
      doc = "The merchant's brands and categories.",
      call = "GET /scan/merchantinfo/get",
      returns = { "brand_tag_list array", "verified_list array" },
    },
    product_create = {
      doc = "Makes a page of a product.",
      call = "POST /scan/product/create",
      body = {
        "keystandard string! ean13|ean8|qrcode", "keystr string!",
        "brand_info object! of base_info, detail_info, action_info, module_info",
      },
      returns = { "pid string" },
    },
    product_modstatus = {
      doc = "Publishes a product's page, or takes it back.",
      call = "POST /scan/product/modstatus",
      body = { "keystandard string! ean13|ean8|qrcode", "keystr string!", "status string! on|off" },
    },
    testwhitelist_set = {
      doc = "Sets who may see pages before they are approved.",
      call = "POST /scan/testwhitelist/set",
      body = { "openid array", "username array" },
    },
    product_get = {
      doc = "A product.",
      call = "POST /scan/product/get",
      body = { "keystandard string! ean13|ean8|qrcode", "keystr string!" },
      returns = { "brand_info object" },
    },
    product_getlist = {
      doc = "Lists products.",
      call = "POST /scan/product/getlist",
      body = { "offset integer!", "limit integer!", "status string", "keystr string" },
      returns = { "total integer", "key_list array" },
    },
    product_update = {
      doc = "Changes a product.",
      call = "POST /scan/product/update",
      body = { "keystandard string! ean13|ean8|qrcode", "keystr string!", "brand_info object!" },
    },
    product_clear = {
      doc = "Removes a product.",
      call = "POST /scan/product/clear",
      body = { "keystandard string! ean13|ean8|qrcode", "keystr string!" },
    },
    scanticket_check = {
      doc = "Checks the ticket that a page was opened with.",
      call = "POST /scan/scanticket/check",
      body = { "ticket string!" },
      returns = {
        "keystandard string", "keystr string", "openid string", "scene string", "is_check boolean",
        "is_contact boolean",
      },
    },
    product_v2_add = {
      doc = "Adds or changes products, second edition.",
      call = "POST /scan/product/v2/add",
      body = { "product object[]!" },
      returns = { "status_ticket string" },
    },
    product_v2_status = {
      doc = "How that is getting on.",
      call = "POST /scan/product/v2/status",
      body = { "status_ticket string!" },
      returns = { "result object" },
    },
    product_v2_getinfo = {
      doc = "Products, second edition.",
      call = "POST /scan/product/v2/getinfo",
      body = { "product object! of pid" },
      returns = { "product object" },
    },
    product_v2_getinfobypage = {
      doc = "Lists products, second edition.",
      call = "POST /scan/product/v2/getinfobypage",
      body = { "page_context string", "page_num integer!", "page_size integer!" },
      returns = { "product array", "page_context string", "total integer" },
    },
    product_getqrcode = {
      doc = "A product's QR code.",
      call = "POST /scan/product/getqrcode",
      body = {
        "keystandard string! ean13|ean8|qrcode", "keystr string!", "extinfo string",
        "qrcode_size integer side in pixels; 100 without it",
      },
      returns = { "pic_url string", "qrcode_url string" },
    },
  },
}
