return {
  about = "Cards and coupons (微信卡券).",
  status = "deprecated",
  note = "Most accounts cannot make new cards any more.",
  endpoints = {
    create = {
      doc = "Makes a card.",
      call = "POST /card/create",
      body = { "card object! card_type, and base_info, advanced_info ... under the type in lower case" },
      returns = { "card_id string" },
    },
    get = {
      doc = "A card.",
      call = "POST /card/get",
      body = { "card_id string!" },
      returns = { "card object" },
    },
    batchget = {
      doc = "Lists cards' ids.",
      call = "POST /card/batchget",
      body = { "offset integer!", "count integer! at most 50", "status_list string[]" },
      returns = { "card_id_list string[]", "total_num integer" },
    },
    update = {
      doc = "Changes a card.",
      call = "POST /card/update",
      body = { "card_id string!", "<type> object what changes, under the type in lower case" },
      returns = { "send_check boolean it has to be approved again" },
    },
    modify_stock = {
      doc = "Changes how many of a card are left.",
      call = "POST /card/modifystock",
      body = { "card_id string!", "increase_stock_value integer", "reduce_stock_value integer" },
    },
    delete = {
      doc = "Removes a card.",
      call = "POST /card/delete",
      body = { "card_id string!" },
    },
    get_colors = {
      doc = "The colours that cards can have.",
      call = "GET /card/getcolors",
      returns = { "colors object[] of name, value" },
    },
    get_apply_protocol = {
      doc = "The categories that are open to cards.",
      call = "GET /card/getapplyprotocol",
      returns = { "category object[] of primary_category_id, category_name, secondary_category[]" },
    },
    qrcode_create = {
      doc = "Makes a QR code that hands out cards.",
      call = "POST /card/qrcode/create",
      body = {
        "action_name string! QR_CARD|QR_MULTIPLE_CARD", "expire_seconds integer",
        "action_info.card object of card_id, code, openid, is_unique_code, outer_id, outer_str",
        "action_info.multiple_card.card_list array at most 5",
      },
      returns = { "ticket string", "expire_seconds integer", "url string", "show_qrcode_url string" },
    },
    landingpage_create = {
      doc = "Makes a page from which cards are taken.",
      call = "POST /card/landingpage/create",
      body = {
        "banner string! address", "page_title string!", "can_share boolean!", "scene string! SCENE_...",
        "card_list array! of card_id, thumb_url",
      },
      returns = { "url string", "page_id integer" },
    },
    mpnews_gethtml = {
      doc = "The HTML that shows a card in an article.",
      call = "POST /card/mpnews/gethtml",
      body = { "card_id string!" },
      returns = { "content string" },
    },
    testwhitelist_set = {
      doc = "Sets who may take cards before they are approved.",
      call = "POST /card/testwhitelist/set",
      body = { "openid string[]", "username string[] ten users in all" },
    },
    user_getcardlist = {
      doc = "A user's cards.",
      call = "POST /card/user/getcardlist",
      body = { "openid string!", "card_id string" },
      returns = { "card_list object[] of code, card_id", "has_share_card boolean" },
    },
    paycell_set = {
      doc = "Turns paying with a card on or off.",
      call = "POST /card/paycell/set",
      body = { "card_id string!", "is_open boolean!" },
      returns = { "send_check boolean" },
    },
    selfconsumecell_set = {
      doc = "Turns redeeming by oneself on or off.",
      call = "POST /card/selfconsumecell/set",
      body = {
        "card_id string!", "is_open boolean!", "need_verify_cod boolean", "need_remark_amount boolean",
      },
    },
    code_get = {
      doc = "Whether a code can be redeemed.",
      call = "POST /card/code/get",
      body = { "code string!", "card_id string for codes of your own", "check_consume boolean" },
      returns = {
        "card object of card_id, begin_time, end_time", "openid string", "can_consume boolean",
        "user_card_status string", "outer_str string",
      },
    },
    code_consume = {
      doc = "Redeems a code.",
      call = "POST /card/code/consume",
      body = { "code string!", "card_id string for codes of your own" },
      returns = { "card.card_id string", "openid string" },
    },
    code_decrypt = {
      doc = "A code out of what the JS-SDK gave.",
      call = "POST /card/code/decrypt",
      body = { "encrypt_code string!" },
      returns = { "code string" },
    },
    code_deposit = {
      doc = "Imports codes of your own.",
      call = "POST /card/code/deposit",
      body = { "card_id string!", "code string[]! at most 100" },
      returns = { "succ_code integer", "duplicate_code integer", "fail_code integer" },
    },
    code_getdepositcount = {
      doc = "How many codes were imported.",
      call = "POST /card/code/getdepositcount",
      body = { "card_id string!" },
      returns = { "count integer" },
    },
    code_checkcode = {
      doc = "Which codes were imported.",
      call = "POST /card/code/checkcode",
      body = { "card_id string!", "code string[]! at most 100" },
      returns = { "exist_code array", "not_exist_code array" },
    },
    code_update = {
      doc = "Puts another code in place of one.",
      call = "POST /card/code/update",
      body = { "code string!", "card_id string", "new_code string!" },
    },
    code_unavailable = {
      doc = "Makes a code void.",
      call = "POST /card/code/unavailable",
      body = { "code string!", "card_id string for codes of your own", "reason string" },
    },
    code_mark = {
      doc = "Locks or frees a code that can be shared.",
      call = "POST /card/code/mark",
      status = "removed",
      body = { "code string!", "card_id string!", "openid string!", "is_mark boolean!" },
    },
    consumer_add = {
      doc = "Adds somebody who redeems cards.",
      call = "POST /card/consumer/add",
      status = "removed",
      body = { "consumer object of the past" },
    },
    membercard_activate = {
      doc = "Activates a member card.",
      call = "POST /card/membercard/activate",
      body = {
        "membership_number string!", "code string!", "card_id string", "activate_begin_time integer",
        "activate_end_time integer", "init_bonus integer", "init_bonus_record string",
        "init_balance integer", "init_custom_field_value1 string", "init_custom_field_value2 string",
        "init_custom_field_value3 string", "background_pic_url string",
      },
    },
    membercard_activate_geturl = {
      doc = "The address of the page that activates a card.",
      call = "POST /card/membercard/activate/geturl",
      body = { "card_id string!", "outer_str string" },
      returns = { "url string" },
    },
    membercard_activateuserform_set = {
      doc = "Sets what that page asks.",
      call = "POST /card/membercard/activateuserform/set",
      body = {
        "card_id string!",
        "required_form object of can_modify, common_field_id_list, custom_field_list, rich_field_list",
        "optional_form object", "service_statement object of name, url", "bind_old_card object of name, url",
      },
    },
    membercard_activatetempinfo_get = {
      doc = "What a user wrote on that page.",
      call = "POST /card/membercard/activatetempinfo/get",
      body = { "activate_ticket string!" },
      returns = { "info object of common_field_list[], custom_field_list[]" },
    },
    membercard_updateuser = {
      doc = "Changes a member's points, balance or fields.",
      call = "POST /card/membercard/updateuser",
      body = {
        "code string!", "card_id string", "bonus integer", "add_bonus integer", "record_bonus string",
        "balance integer", "add_balance integer", "record_balance string", "custom_field_value1 string",
        "custom_field_value2 string", "custom_field_value3 string", "notify_optional object",
      },
      returns = { "result_bonus integer", "result_balance integer", "openid string" },
    },
    membercard_userinfo_get = {
      doc = "A member.",
      call = "POST /card/membercard/userinfo/get",
      body = { "card_id string!", "code string!" },
      returns = {
        "openid string", "nickname string", "membership_number string", "bonus integer", "balance integer",
        "sex string", "user_info object", "user_card_status string", "has_active boolean",
      },
    },
    generalcard_activate = {
      doc = "Activates a gift card.",
      call = "POST /card/generalcard/activate",
      body = {
        "card_number string", "card_id string!", "code string!", "init_balance integer",
        "init_bonus integer",
      },
    },
    generalcard_unactivate = {
      doc = "Undoes the activation of a gift card.",
      call = "POST /card/generalcard/unactivate",
      body = { "card_id string!", "code string!" },
    },
    generalcard_updateuser = {
      doc = "Changes a gift card's balance.",
      call = "POST /card/generalcard/updateuser",
      body = {
        "code string!", "card_id string!", "balance integer", "bonus integer", "background_pic_url string",
      },
      returns = { "result_bonus integer", "result_balance integer", "openid string" },
    },
    meetingticket_updateuser = {
      doc = "Changes a meeting ticket.",
      call = "POST /card/meetingticket/updateuser",
      body = {
        "code string!", "card_id string", "zone string", "entrance string", "seat_number string",
        "begin_time integer", "end_time integer",
      },
    },
    movieticket_updateuser = {
      doc = "Changes a cinema ticket.",
      call = "POST /card/movieticket/updateuser",
      body = {
        "code string!", "card_id string", "ticket_class string!", "show_time integer!", "duration integer!",
        "screening_room string", "seat_number string[]",
      },
    },
    boardingpass_checkin = {
      doc = "Checks a boarding pass in.",
      call = "POST /card/boardingpass/checkin",
      body = {
        "code string!", "card_id string", "passenger_name string!", "class string!", "etkt_bnr string!",
        "seat string", "gate string", "boarding_time integer", "is_cancel boolean", "qrcode_data string",
      },
    },
    luckymoney_updateuserbalance = {
      doc = "Changes a red packet's balance.",
      call = "POST /card/luckymoney/updateuserbalance",
      status = "removed",
      body = { "code string!", "card_id string", "balance integer!" },
    },
    location_batchadd = {
      doc = "Imports shops.",
      call = "POST /card/location/batchadd",
      status = "removed",
      body = { "location_list object[]!" },
      returns = { "location_id_list integer[]" },
      note = "wechat.poi took its place.",
    },
    location_batchget = {
      doc = "Lists shops.",
      call = "POST /card/location/batchget",
      status = "removed",
      body = { "offset integer", "count integer" },
      returns = { "location_list array", "count integer" },
      note = "wechat.poi took its place.",
    },
    paygiftcard_add = {
      doc = "Adds a rule that gives a card for a payment.",
      call = "POST /card/paygiftcard/add",
      body = { "rule_info object! of type, base_info, member_rule or single_pay" },
      returns = { "rule_id integer", "fail_mchid_list array", "succ_mchid_list array" },
    },
    paygiftcard_delete = {
      doc = "Removes such a rule.",
      call = "POST /card/paygiftcard/delete",
      body = { "rule_id integer!" },
    },
    paygiftcard_getbyid = {
      doc = "Such a rule.",
      call = "POST /card/paygiftcard/getbyid",
      body = { "rule_id integer!" },
      returns = { "rule_info object" },
    },
    paygiftcard_batchget = {
      doc = "Lists such rules.",
      call = "POST /card/paygiftcard/batchget",
      body = { "type string!", "effective boolean!", "offset integer!", "count integer!" },
      returns = { "total_count integer", "rule_list array" },
    },
    paygiftmembercard_add = {
      doc = "Adds a rule that makes members of those who pay.",
      call = "POST /card/paygiftmembercard/add",
      body = {
        "rule_info object! of card_id, jump_url, mchid_list[], begin_time, end_time, min_cost, max_cost, \z
          is_locked",
      },
      returns = { "fail_mchid_list array", "succ_mchid_list array" },
    },
    paygiftmembercard_delete = {
      doc = "Removes a rule that makes members of those who pay.",
      call = "POST /card/paygiftmembercard/delete",
      body = { "card_id string!", "mchid_list string[]!" },
      returns = { "fail_mchid_list array", "succ_mchid_list array" },
    },
    paygiftmembercard_get = {
      doc = "A merchant's rule that makes members of those who pay.",
      call = "POST /card/paygiftmembercard/get",
      body = { "mchid string!" },
      returns = { "card_id string", "occupy_appid string", "is_locked boolean" },
    },
    mkt_activity_create = {
      doc = "Makes an activity that gives coupons to those who pay.",
      call = "POST /card/mkt/activity/create",
      body = {
        "info object! of basic_info {activity_bg_color, activity_tinyappid, begin_time, end_time, gift_num, \z
          max_partic_times_act, max_partic_times_one_day, mch_code}, card_info_list[] {card_id, min_amt, \z
          membership_appid}, custom_info {type}",
      },
      returns = { "activity_id string" },
    },
    pay_activate = {
      doc = "Opens the account of coins that pays for coupons.",
      call = "GET /card/pay/activate",
      returns = { "reward string" },
    },
    pay_getpayprice = {
      doc = "What more stock would cost.",
      call = "POST /card/pay/getpayprice",
      body = { "card_id string!", "quantity integer!" },
      returns = { "order_id string", "price string", "free_coin string", "pay_coin string" },
    },
    pay_getcoinsinfo = {
      doc = "How many coins are left.",
      call = "GET /card/pay/getcoinsinfo",
      returns = { "free_coin string", "pay_coin string", "total_coin string" },
    },
    pay_recharge = {
      doc = "Buys coins.",
      call = "POST /card/pay/recharge",
      body = { "coin_count integer!" },
      returns = { "order_id string", "qrcode_url string", "qrcode_buffer string" },
    },
    pay_getorder = {
      doc = "An order of coins.",
      call = "POST /card/pay/getorder",
      body = { "order_id string!" },
      returns = { "order_info object" },
    },
    pay_getorderlist = {
      doc = "Lists orders of coins.",
      call = "POST /card/pay/getorderlist",
      body = {
        "offset integer!", "count integer!", "order_type string", "nor_filter object", "sort_info object",
        "begin_time integer", "end_time integer",
      },
      returns = { "total_num integer", "order_list array" },
    },
    pay_confirm = {
      doc = "Pays for stock with coins.",
      call = "POST /card/pay/confirm",
      body = { "card_id string!", "order_id string!", "quantity integer!" },
    },
    giftcard_pay_whitelist_add = {
      doc = "Applies for gift cards.",
      call = "POST /card/giftcard/pay/whitelist/add",
      body = { "sub_mch_id string!" },
      returns = { "url string" },
    },
    giftcard_pay_wxa_set = {
      doc = "Uploads a mini program's code for gift cards, by the path's other spelling.",
      call = "POST /card/giftcard/pay/wxa/set",
      body = { "wxa_appid string!", "page_id string!" },
      note = "giftcard_wxa_set has the first spelling; one of the two is wrong.",
    },
    giftcard_pay_submch_bind = {
      doc = "Ties a merchant to a mini program.",
      call = "POST /card/giftcard/pay/submch/bind",
      body = { "sub_mch_id string!", "wxa_appid string!" },
    },
    giftcard_wxa_set = {
      doc = "Uploads a mini program's code for gift cards.",
      call = "POST /card/giftcard/wxa/set",
      body = { "wxa_appid string!", "page_id string!" },
    },
    giftcard_page_add = {
      doc = "Makes a page of gift cards.",
      call = "POST /card/giftcard/page/add",
      body = {
        "page object! of page_title, support_multi, banner_pic_url, theme_list[], category_list[], \z
          address, service_phone, biz_description, cell_1, cell_2, need_receipt",
      },
      returns = { "page_id string" },
    },
    giftcard_page_get = {
      doc = "A page of gift cards.",
      call = "POST /card/giftcard/page/get",
      body = { "page_id string!" },
      returns = { "page object" },
    },
    giftcard_page_update = {
      doc = "Changes a page of gift cards.",
      call = "POST /card/giftcard/page/update",
      body = { "page object! of page_id, banner_pic_url, theme_list" },
    },
    giftcard_page_batchget = {
      doc = "Lists pages of gift cards.",
      call = "POST /card/giftcard/page/batchget",
      returns = { "page_id_list string[]" },
    },
    giftcard_maintain_set = {
      doc = "Takes pages of gift cards off line, or back.",
      call = "POST /card/giftcard/maintain/set",
      body = { "page_id string", "all boolean", "maintain boolean!" },
      returns = { "control_info object" },
    },
    giftcard_order_get = {
      doc = "An order of gift cards.",
      call = "POST /card/giftcard/order/get",
      body = { "order_id string!" },
      returns = { "order object" },
    },
    giftcard_order_batchget = {
      doc = "Lists orders of gift cards.",
      call = "POST /card/giftcard/order/batchget",
      body = {
        "begin_time integer!", "end_time integer!", "sort_type string ASC|DESC", "offset integer!",
        "count integer!",
      },
      returns = { "total_count integer", "order_list array" },
    },
    giftcard_order_refund = {
      doc = "Pays an order of gift cards back.",
      call = "POST /card/giftcard/order/refund",
      body = { "order_id string!" },
    },
    submerchant_submit = {
      doc = "Registers a merchant below this one.",
      call = "POST /card/submerchant/submit",
      body = {
        "info object! of brand_name, logo_url, protocol, end_time, primary_category_id, \z
          secondary_category_id, agreement_media_id, operator_media_id, app_id",
      },
      returns = { "info object of merchant_id, status, ..." },
    },
    submerchant_update = {
      doc = "Changes a merchant below this one.",
      call = "POST /card/submerchant/update",
      body = {
        "info object! of brand_name, logo_url, protocol, end_time, primary_category_id, \z
          secondary_category_id, agreement_media_id, operator_media_id, app_id, merchant_id",
      },
      returns = { "info object" },
    },
    submerchant_get = {
      doc = "A merchant below this one.",
      call = "POST /card/submerchant/get",
      body = { "merchant_id integer!" },
      returns = { "info object" },
    },
    submerchant_batchget = {
      doc = "Lists merchants below this one.",
      call = "POST /card/submerchant/batchget",
      body = {
        "begin_id integer!", "limit integer! at most 50",
        "status string! CHECKING|APPROVED|REJECTED|EXPIRED",
      },
      returns = { "info_list array", "next_begin_id integer" },
    },
    storewxa_get = {
      doc = "The mini program of a shop card.",
      call = "POST /card/storewxa/get",
      body = { "poi_id string!" },
      returns = { "result object" },
    },
    storewxa_set = {
      doc = "Links a card to a shop's mini program.",
      call = "POST /card/storewxa/set",
      body = { "poi_id string!", "card_id string!" },
    },
  },
}
