return {
  about = "Electronic invoices (微信电子发票): for merchants, for issuing platforms, for those who reimburse.",
  endpoints = {
    getauthurl = {
      doc = "The address of the page on which a payer asks for an invoice.",
      call = "POST /card/invoice/getauthurl",
      body = {
        "s_pappid string!", "order_id string!", "money integer! fen", "timestamp integer!",
        "source string! app|web|wxa|wap", "redirect_url string for web",
        "ticket string! see wechat.token.getticket_wx_card", "type integer! 0 none, 1 fill in, 2 get",
      },
      returns = { "auth_url string", "appid string of mini programs" },
    },
    getauthdata = {
      doc = "Whether the payer agreed, and what was filled in.",
      call = "POST /card/invoice/getauthdata",
      body = { "order_id string!", "s_pappid string!" },
      returns = {
        "invoice_status string", "auth_time integer", "user_auth_info object user_field or biz_field",
      },
    },
    rejectinsert = {
      doc = "Refuses an invoice.",
      call = "POST /card/invoice/rejectinsert",
      body = { "s_pappid string!", "order_id string!", "reason string!", "url string" },
    },
    makeoutinvoice = {
      doc = "Issues an invoice through a platform.",
      call = "POST /card/invoice/makeoutinvoice",
      body = {
        "invoiceinfo object! of wxopenid, ddh, fpqqlsh, nsrsbh, nsrmc, nsrdz, nsrdh, nsrbank, nsrbankid, \z
          ghfnsrsbh, ghfmc, kpr, jshj, hjje, hjse, invoicedetail_list[]",
      },
    },
    clearoutinvoice = {
      doc = "Cancels an issued invoice with a red one.",
      call = "POST /card/invoice/clearoutinvoice",
      body = { "invoiceinfo object! of wxopenid, fpqqlsh, nsrsbh, nsrmc, yfpdm, yfphm" },
    },
    queryinvoceinfo = {
      doc = "An issued invoice.",
      call = "POST /card/invoice/queryinvoceinfo",
      body = { "fpqqlsh string!", "nsrsbh string!" },
      returns = { "invoicedetail object of fpqqlsh, jym, kprq, fpdm, fphm, pdfurl" },
      note = "The path is misspelt by the platform.",
    },
    setbizattr_set_pay_mch = {
      doc = "Ties the merchant to the invoicing platform.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=set_pay_mch" },
      body = { "paymch_info object! of mchid, s_pappid" },
    },
    setbizattr_get_pay_mch = {
      doc = "How merchant and invoicing platform are tied.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=get_pay_mch" },
      returns = { "paymch_info object of mchid, s_pappid" },
    },
    setbizattr_set_auth_field = {
      doc = "Sets what the payer's page asks.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=set_auth_field" },
      body = {
        "auth_field object! of user_field{show_title, show_phone, show_email, require_phone, \z
          require_email, custom_field[]}, biz_field{show_title, show_tax_no, show_addr, show_phone, \z
          show_bank_type, show_bank_no, require_*, custom_field[]}",
      },
    },
    setbizattr_get_auth_field = {
      doc = "What the payer's page asks.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=get_auth_field" },
      returns = { "auth_field object" },
    },
    setbizattr_set_contact = {
      doc = "Sets the merchant's phone and time limit.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=set_contact" },
      body = { "contact object! of phone, time_out" },
    },
    setbizattr_get_contact = {
      doc = "The merchant's phone and time limit.",
      call = "POST /card/invoice/setbizattr",
      query = { "action string=get_contact" },
      returns = { "contact object of phone, time_out" },
    },
    seturl = {
      doc = "The address that names the invoicing platform (s_pappid).",
      call = "POST /card/invoice/seturl",
      returns = { "invoice_url string" },
    },
    platform_createcard = {
      doc = "Makes a template for invoices.",
      call = "POST /card/invoice/platform/createcard",
      body = {
        "invoice_info object! of base_info{logo_url, title, custom_url_name, custom_url, \z
          custom_url_sub_title, promotion_url_name, promotion_url, promotion_url_sub_title}, payee, \z
          type, detail",
      },
      returns = { "card_id string" },
    },
    platform_setpdf = {
      doc = "Uploads an invoice's PDF.",
      call = "UPLOAD /card/invoice/platform/setpdf",
      body = { "pdf file!" },
      returns = { "s_media_id string" },
    },
    platform_getpdf = {
      doc = "The address of an uploaded PDF.",
      call = "POST /card/invoice/platform/getpdf",
      query = { "action string=get_url" },
      body = { "s_media_id string!" },
      returns = { "pdf_url string", "pdf_url_expire_time integer" },
    },
    insert = {
      doc = "Puts an invoice among a user's cards.",
      call = "POST /card/invoice/insert",
      body = {
        "order_id string!", "card_id string!", "appid string!",
        "card_ext object! of nonce_str, user_card{invoice_user_data{...}}",
      },
      returns = { "code string", "openid string", "unionid string" },
    },
    platform_updatestatus = {
      doc = "Changes an invoice's state, for the issuing platform.",
      call = "POST /card/invoice/platform/updatestatus",
      body = { "card_id string!", "code string!", "reimburse_status string! INVOICE_REIMBURSE_..." },
    },
    reimburse_getinvoiceinfo = {
      doc = "An invoice, for those who reimburse.",
      call = "POST /card/invoice/reimburse/getinvoiceinfo",
      body = { "card_id string!", "encrypt_code string!" },
      returns = {
        "card_id string", "begin_time integer", "end_time integer", "openid string", "type string",
        "payee string", "detail string", "user_info object",
      },
    },
    reimburse_getinvoicebatch = {
      doc = "Several invoices, for those who reimburse.",
      call = "POST /card/invoice/reimburse/getinvoicebatch",
      body = { "item_list array! of card_id, encrypt_code" },
      returns = { "item_list array" },
    },
    reimburse_updateinvoicestatus = {
      doc = "Locks, frees or closes an invoice.",
      call = "POST /card/invoice/reimburse/updateinvoicestatus",
      body = { "card_id string!", "encrypt_code string!", "reimburse_status string!" },
    },
    reimburse_updatestatusbatch = {
      doc = "Locks, frees or closes several invoices of a user.",
      call = "POST /card/invoice/reimburse/updatestatusbatch",
      body = { "openid string!", "reimburse_status string!", "invoice_list array! of card_id, encrypt_code" },
    },
    biz_getusertitleurl = {
      doc = "The address where a user saves an invoice title.",
      call = "POST /card/invoice/biz/getusertitleurl",
      body = {
        "title string", "phone string", "tax_no string", "addr string", "bank_type string", "bank_no string",
        "user_fill integer! 0 or 1", "out_title_id string",
      },
      returns = { "url string" },
    },
    biz_getselecttitleurl = {
      doc = "The address where a user chooses an invoice title.",
      call = "POST /card/invoice/biz/getselecttitleurl",
      body = { "attach string", "biz_name string!" },
      returns = { "url string" },
    },
    scantitle = {
      doc = "An invoice title out of its QR code.",
      call = "POST /card/invoice/scantitle",
      body = { "scan_text string!" },
      returns = {
        "title_type integer", "title string", "phone string", "tax_no string", "addr string",
        "bank_type string", "bank_no string",
      },
    },
  },
}
