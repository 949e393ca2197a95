return {
  about = "Statistics (数据统计), by day or hour, and reports of advertising slots (流量主).",
  endpoints = {
    getusersummary = {
      doc = "Followers won and lost, by source.",
      call = "POST /datacube/getusersummary",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, user_source, new_user, cancel_user" },
      note = "7 days at most.",
    },
    getusercumulate = {
      doc = "Followers in all.",
      call = "POST /datacube/getusercumulate",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, cumulate_user" },
      note = "7 days at most.",
    },
    getarticlesummary = {
      doc = "Articles sent on a day.",
      call = "POST /datacube/getarticlesummary",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, msgid, title, int_page_read_user, int_page_read_count, \z
          ori_page_read_user, ori_page_read_count, share_user, share_count, add_to_fav_user, \z
          add_to_fav_count",
      },
      note = "Answers 47009: use getarticleread, getarticleshare or getbizsummary.",
    },
    getarticletotal = {
      doc = "Articles over their first seven days.",
      call = "POST /datacube/getarticletotal",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, msgid, title, details[] (stat_date, target_user, ...)" },
      note = "Answers 47009: use getarticletotaldetail.",
    },
    getuserread = {
      doc = "Reading by day.",
      call = "POST /datacube/getuserread",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, user_source, int_page_read_user, int_page_read_count, \z
          ori_page_read_user, ori_page_read_count, share_user, share_count, add_to_fav_user, \z
          add_to_fav_count",
      },
      note = "Answers 47009: use getarticleread.",
    },
    getuserreadhour = {
      doc = "Reading by hour.",
      call = "POST /datacube/getuserreadhour",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, ref_hour, user_source, int_page_read_user, int_page_read_count, \z
          ori_page_read_user, ori_page_read_count, share_user, share_count, add_to_fav_user, \z
          add_to_fav_count",
      },
      note = "Answers 47009: use getarticleread.",
    },
    getusershare = {
      doc = "Sharing by day.",
      call = "POST /datacube/getusershare",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, share_scene, share_count, share_user" },
      note = "Answers 47009: use getarticleshare.",
    },
    getusersharehour = {
      doc = "Sharing by hour.",
      call = "POST /datacube/getusersharehour",
      status = "removed",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, ref_hour, share_scene, share_count, share_user" },
      note = "Answers 47009: use getarticleshare.",
    },
    getarticleread = {
      doc = "Reading by day, with where readers came from.",
      call = "POST /datacube/getarticleread",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, detail{read_user, read_user_source[]{scene_desc, user_count}}",
        "is_delay boolean true: not all is there yet",
      },
      note = "1 day at most (30 by some reports); from November 2025 on.",
    },
    getarticleshare = {
      doc = "Sharing by day.",
      call = "POST /datacube/getarticleshare",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, detail{share_user}", "is_delay boolean" },
      note = "1 day at most (30 by some reports); from November 2025 on.",
    },
    getbizsummary = {
      doc = "All of the account's content by day.",
      call = "POST /datacube/getbizsummary",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, detail{read_user, share_user, zaikan_user, like_user, comment_count, \z
          collection_user, redirect_ori_page_user, send_page_count, read_user_source[]}",
        "is_delay boolean",
      },
      note = "30 days at most; from November 2025 on.",
    },
    getarticletotaldetail = {
      doc = "Each article over its first thirty days.",
      call = "POST /datacube/getarticletotaldetail",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, msgid (msg_data_id_idx), publish_type, detail_list[]{stat_date, \z
          read_user, share_user, ...}",
        "is_delay boolean",
      },
      note = "1 day; from November 2025 on.",
    },
    getupstreammsg = {
      doc = "Messages received by day.",
      call = "POST /datacube/getupstreammsg",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, msg_type, msg_user, msg_count" },
      note = "7 days at most.",
    },
    getupstreammsghour = {
      doc = "Messages received by hour.",
      call = "POST /datacube/getupstreammsghour",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, ref_hour, msg_type, msg_user, msg_count" },
      note = "1 day.",
    },
    getupstreammsgweek = {
      doc = "Messages received by week.",
      call = "POST /datacube/getupstreammsgweek",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, msg_type, msg_user, msg_count" },
      note = "30 days at most.",
    },
    getupstreammsgmonth = {
      doc = "Messages received by month.",
      call = "POST /datacube/getupstreammsgmonth",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, msg_type, msg_user, msg_count" },
      note = "30 days at most.",
    },
    getupstreammsgdist = {
      doc = "How many messages users send, by day.",
      call = "POST /datacube/getupstreammsgdist",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, count_interval, msg_user" },
      note = "15 days at most.",
    },
    getupstreammsgdistweek = {
      doc = "How many messages users send, by week.",
      call = "POST /datacube/getupstreammsgdistweek",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, count_interval, msg_user" },
      note = "30 days at most.",
    },
    getupstreammsgdistmonth = {
      doc = "How many messages users send, by month.",
      call = "POST /datacube/getupstreammsgdistmonth",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, count_interval, msg_user" },
      note = "30 days at most.",
    },
    getinterfacesummary = {
      doc = "Callbacks by day: calls, failures, time taken.",
      call = "POST /datacube/getinterfacesummary",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = { "list object[] of ref_date, callback_count, fail_count, total_time_cost, max_time_cost" },
      note = "30 days at most.",
    },
    getinterfacesummaryhour = {
      doc = "Callbacks by hour: calls, failures, time taken.",
      call = "POST /datacube/getinterfacesummaryhour",
      body = { "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest" },
      returns = {
        "list object[] of ref_date, ref_hour, callback_count, fail_count, total_time_cost, max_time_cost",
      },
      note = "1 day.",
    },
    getcardbizuininfo = {
      doc = "Cards by day.",
      call = "POST /datacube/getcardbizuininfo",
      status = "deprecated",
      body = {
        "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest",
        "cond_source integer! 0 made on the website, 1 by the API",
      },
      returns = {
        "list object[] of ref_date, view_cnt, view_user, receive_cnt, receive_user, verify_cnt, \z
          verify_user, given_cnt, given_user, expire_cnt, expire_user",
      },
      note = "62 days at most.",
    },
    getcardcardinfo = {
      doc = "Coupons by day.",
      call = "POST /datacube/getcardcardinfo",
      status = "deprecated",
      body = {
        "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest",
        "cond_source integer!", "card_id string",
      },
      returns = {
        "list object[] of ref_date, card_id, card_type, is_pay, view_cnt, view_user, receive_cnt, \z
          receive_user, verify_cnt, verify_user, given_cnt, given_user, expire_cnt, expire_user",
      },
      note = "62 days at most.",
    },
    getcardmembercardinfo = {
      doc = "Member cards by day.",
      call = "POST /datacube/getcardmembercardinfo",
      status = "deprecated",
      body = {
        "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest",
        "cond_source integer!",
      },
      returns = {
        "list object[] of ref_date, view_cnt, view_user, receive_cnt, receive_user, verify_cnt, \z
          verify_user, active_user, total_user, total_receive_user",
      },
      note = "62 days at most.",
    },
    getcardmembercarddetail = {
      doc = "One member card by day.",
      call = "POST /datacube/getcardmembercarddetail",
      status = "deprecated",
      body = {
        "begin_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD, yesterday at the latest",
        "card_id string!",
      },
      returns = { "list object[] of ref_date, submerchanttype, cardid, merchanttype, ..." },
      note = "62 days at most.",
    },
    publisher_adpos_general = {
      doc = "Advertising slots by day.",
      call = "GET /publisher/stat",
      query = {
        "action string=publisher_adpos_general", "page string|integer!", "page_size string|integer!",
        "start_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD", "ad_slot string",
      },
      returns = {
        "base_resp.ret integer",
        "list object[] of slot_id, ad_slot, date, req_succ_count, exposure_count, exposure_rate, \z
          click_count, click_rate, income, ecpm",
        "summary object", "total_num integer",
      },
      note = "page_size: 90 at most.",
    },
    publisher_cps_general = {
      doc = "Goods sold on commission by day.",
      call = "GET /publisher/stat",
      query = {
        "action string=publisher_cps_general", "page string|integer!", "page_size string|integer!",
        "start_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD",
      },
      returns = {
        "base_resp.ret integer",
        "list object[] of date, exposure_count, click_count, click_rate, order_count, order_rate, \z
          total_fee, total_commission",
        "summary object", "total_num integer",
      },
    },
    publisher_settlement = {
      doc = "What advertising earned.",
      call = "GET /publisher/stat",
      query = {
        "action string=publisher_settlement", "page string|integer!", "page_size string|integer!",
        "start_date string! YYYY-MM-DD", "end_date string! YYYY-MM-DD",
      },
      returns = {
        "base_resp.ret integer", "body string", "penalty_all integer", "revenue_all integer",
        "settled_revenue_all integer",
        "settlement_list object[] of date, zone, month, order, sett_status, settled_revenue, sett_no, \z
          slot_revenue[]",
        "total_num integer",
      },
    },
  },
}
