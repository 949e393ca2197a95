return {
  about = "Beacons (摇一摇周边).",
  status = "removed",
  note = "The product was closed.",
  endpoints = {
    account_register = {
      doc = "Applies for beacons.",
      call = "POST /shakearound/account/register",
      body = {
        "name string!", "phone_number string!", "email string!", "industry_id string!",
        "qualification_cert_urls array!", "apply_reason string",
      },
    },
    account_auditstatus = {
      doc = "Whether that was approved.",
      call = "GET /shakearound/account/auditstatus",
      returns = { "data object of apply_time, audit_status, audit_comment, audit_time" },
    },
    device_applyid = {
      doc = "Applies for ids of devices.",
      call = "POST /shakearound/device/applyid",
      body = { "quantity integer!", "apply_reason string!", "comment string", "poi_id integer" },
      returns = { "data object of apply_id, audit_status, audit_comment" },
    },
    device_applystatus = {
      doc = "Whether that was approved.",
      call = "POST /shakearound/device/applystatus",
      body = { "apply_id integer!" },
      returns = { "data object" },
    },
    device_update = {
      doc = "Changes what is noted about a device.",
      call = "POST /shakearound/device/update",
      body = { "device_identifier object! device_id, or uuid, major, minor", "comment string!" },
    },
    device_bindlocation = {
      doc = "Ties a device to a shop.",
      call = "POST /shakearound/device/bindlocation",
      body = {
        "device_identifier object! device_id, or uuid, major, minor", "poi_id integer!",
        "type integer 2: of another account", "poi_appid string",
      },
    },
    device_search = {
      doc = "Looks for devices.",
      call = "POST /shakearound/device/search",
      body = {
        "type integer! 1, 2 or 3", "device_identifiers array", "apply_id integer", "last_seen integer",
        "begin integer", "count integer",
      },
      returns = { "data object of devices[], total_count" },
    },
    device_bindpage = {
      doc = "Ties a device to pages.",
      call = "POST /shakearound/device/bindpage",
      body = {
        "device_identifier object! device_id, or uuid, major, minor", "page_ids integer[]!", "bind integer",
        "append integer",
      },
    },
    group_add = {
      doc = "Adds a group of devices.",
      call = "POST /shakearound/device/group/add",
      body = { "group_name string!" },
      returns = { "data object of group_id, group_name" },
    },
    group_update = {
      doc = "Renames a group.",
      call = "POST /shakearound/device/group/update",
      body = { "group_id integer!", "group_name string!" },
    },
    group_delete = {
      doc = "Removes a group.",
      call = "POST /shakearound/device/group/delete",
      body = { "group_id integer!" },
    },
    group_getlist = {
      doc = "Lists groups.",
      call = "POST /shakearound/device/group/getlist",
      body = { "begin integer!", "count integer!" },
      returns = { "data object of total_count, groups[]" },
    },
    group_getdetail = {
      doc = "A group's devices.",
      call = "POST /shakearound/device/group/getdetail",
      body = { "group_id integer!", "begin integer!", "count integer!" },
      returns = { "data object of group_id, group_name, total_count, devices[]" },
    },
    group_adddevice = {
      doc = "Puts devices in a group.",
      call = "POST /shakearound/device/group/adddevice",
      body = { "group_id integer!", "device_identifiers array!" },
    },
    group_deletedevice = {
      doc = "Takes devices out of a group.",
      call = "POST /shakearound/device/group/deletedevice",
      body = { "group_id integer!", "device_identifiers array!" },
    },
    page_add = {
      doc = "Adds a page.",
      call = "POST /shakearound/page/add",
      body = {
        "title string!", "description string!", "page_url string!", "icon_url string!", "comment string",
      },
      returns = { "data.page_id integer" },
    },
    page_update = {
      doc = "Changes a page.",
      call = "POST /shakearound/page/update",
      body = {
        "page_id integer!", "title string!", "description string!", "page_url string!", "icon_url string!",
        "comment string",
      },
      returns = { "data.page_id integer" },
    },
    page_search = {
      doc = "Looks for pages.",
      call = "POST /shakearound/page/search",
      body = { "type integer! 1 or 2", "page_ids array", "begin integer", "count integer" },
      returns = { "data object of pages[], total_count" },
    },
    page_delete = {
      doc = "Removes a page.",
      call = "POST /shakearound/page/delete",
      body = { "page_id integer!" },
    },
    relation_search = {
      doc = "Which devices show which pages.",
      call = "POST /shakearound/relation/search",
      body = {
        "type integer! 1 or 2", "device_identifier object", "page_id integer", "begin integer",
        "count integer",
      },
      returns = { "data object of relations[], total_count" },
    },
    material_add = {
      doc = "Uploads a picture.",
      call = "UPLOAD /shakearound/material/add",
      query = { "type string" },
      body = { "media file!" },
      returns = { "data.pic_url string" },
    },
    user_getshakeinfo = {
      doc = "Where and what a user shook.",
      call = "POST /shakearound/user/getshakeinfo",
      body = { "ticket string!", "need_poi integer" },
      returns = { "data object of page_id, beacon_info, openid, poi_id" },
    },
    statistics_device = {
      doc = "Numbers of a device.",
      call = "POST /shakearound/statistics/device",
      body = {
        "device_identifier object! device_id, or uuid, major, minor", "begin_date integer!",
        "end_date integer!",
      },
      returns = { "data array of ftime, click_pv, click_uv, shake_pv, shake_uv" },
    },
    statistics_devicelist = {
      doc = "Numbers of all devices.",
      call = "POST /shakearound/statistics/devicelist",
      body = { "date integer!", "page_index integer!" },
      returns = { "data.devices array", "date integer", "total_count integer", "page_index integer" },
    },
    statistics_page = {
      doc = "Numbers of a page.",
      call = "POST /shakearound/statistics/page",
      body = { "page_id integer!", "begin_date integer!", "end_date integer!" },
      returns = { "data array" },
    },
    statistics_pagelist = {
      doc = "Numbers of all pages.",
      call = "POST /shakearound/statistics/pagelist",
      body = { "date integer!", "page_index integer!" },
      returns = { "data.pages array", "date integer", "total_count integer", "page_index integer" },
    },
    lottery_addlotteryinfo = {
      doc = "Makes a lottery of red packets.",
      call = "POST /shakearound/lottery/addlotteryinfo",
      query = { "use_template string|integer", "logo_url string" },
      body = {
        "title string!", "desc string!", "onoff integer!", "begin_time integer!", "expire_time integer!",
        "sponsor_appid string!", "total integer!", "jump_url string", "key string!",
      },
      returns = { "lottery_id string", "page_id integer" },
    },
    lottery_setprizebucket = {
      doc = "Fills a lottery.",
      call = "POST /shakearound/lottery/setprizebucket",
      body = {
        "lottery_id string!", "mchid string!", "sponsor_appid string!", "prize_info_list array! of ticket",
      },
      returns = { "success_num integer" },
    },
    lottery_setlotteryswitch = {
      doc = "Turns a lottery on or off.",
      call = "GET /shakearound/lottery/setlotteryswitch",
      query = { "lottery_id string|integer!", "onoff string|integer!" },
    },
    lottery_querylottery = {
      doc = "A lottery.",
      call = "GET /shakearound/lottery/querylottery",
      query = { "lottery_id string|integer!" },
      returns = {
        "result object of lottery_id, title, desc, onoff, begin_time, expire_time, sponsor_appid, appid, \z
          prize_count_limit, prize_count, jump_url, expired_prizes, drawed_prizes",
      },
    },
  },
}
