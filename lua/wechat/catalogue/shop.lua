return {
  about = "The account's shop mini program (门店小程序), and messages about city services.",
  endpoints = {
    get_merchant_category = {
      doc = "The categories of shops.",
      call = "GET /wxa/get_merchant_category",
      returns = { "data object of all_category_info" },
    },
    apply_merchant = {
      doc = "Applies for the shop mini program.",
      call = "POST /wxa/apply_merchant",
      body = {
        "first_catid integer!", "second_catid integer!", "qualification_list string",
        "headimg_mediaid string!", "nickname string!", "intro string!", "org_code string",
        "other_files string",
      },
    },
    get_merchant_audit_info = {
      doc = "Whether it was approved.",
      call = "GET /wxa/get_merchant_audit_info",
      returns = { "data object of audit_id, status, reason" },
    },
    modify_merchant = {
      doc = "Changes its picture or its introduction.",
      call = "POST /wxa/modify_merchant",
      body = { "headimg_mediaid string", "intro string" },
    },
    get_district = {
      doc = "The regions of the map.",
      call = "GET /wxa/get_district",
      returns = { "status integer", "message string", "data_version string", "result array" },
    },
    search_map_poi = {
      doc = "Looks for shops on the map.",
      call = "POST /wxa/search_map_poi",
      body = { "districtid integer!", "keyword string!" },
      returns = { "data.item array" },
    },
    create_map_poi = {
      doc = "Puts a shop on the map.",
      call = "POST /wxa/create_map_poi",
      body = {
        "name string!", "longitude string!", "latitude string!", "province string!", "city string!",
        "district string!", "address string!", "category string!", "telephone string!", "photo string!",
        "license string!", "introduct string!", "districtid string!",
      },
      returns = { "data object of base_id, rich_id" },
    },
    add_store = {
      doc = "Adds a shop.",
      call = "POST /wxa/add_store",
      body = {
        "poi_id string", "map_poi_id string!", "pic_list string! JSON", "contract_phone string!",
        "hour string!", "credential string!", "company_name string", "qualification_list string",
        "card_id string",
      },
      returns = { "data object of audit_id" },
    },
    update_store = {
      doc = "Changes a shop.",
      call = "POST /wxa/update_store",
      body = {
        "poi_id string!", "map_poi_id string", "hour string", "contract_phone string", "pic_list string",
        "card_id string",
      },
      returns = { "data object of has_audit_id, audit_id" },
    },
    get_store_info = {
      doc = "A shop.",
      call = "POST /wxa/get_store_info",
      body = { "poi_id string!" },
      returns = { "business object" },
    },
    get_store_list = {
      doc = "Lists shops.",
      call = "POST /wxa/get_store_list",
      body = { "offset integer!", "limit integer!" },
      returns = { "total_count integer", "business_list array" },
    },
    del_store = {
      doc = "Removes a shop.",
      call = "POST /wxa/del_store",
      body = { "poi_id string!" },
    },
    applywxastore = {
      doc = "Applies for a shop mini program, the older way.",
      call = "POST /wxa/applywxastore",
      status = "removed",
      body = { "poi_id string! of the past" },
    },
    cityservice_sendchannelmsg = {
      doc = "Sends the state of a work order of a city's services.",
      call = "POST /cityservice/sendchannelmsg",
      send = true,
      body = {
        "order_id string!", "uni_order_id string", "service_id string", "msg_type string",
        "... object fields of your own",
      },
    },
    cityservice_getmedrealname = {
      doc = "A patient's real name, encrypted.",
      call = "POST /cityservice/getmedrealname",
      body = { "app_id string!", "open_id string!", "wxmed_authcode string!" },
      returns = {
        "app_id string", "open_id string", "key_version integer", "cipher_real_name string",
        "cipher_algorithm string",
      },
      note = "By application.",
    },
    cityservice_getmsgrelation = {
      doc = "Whether a patient subscribed to messages.",
      call = "POST /cityservice/getmsgrelation",
      body = { "business_id integer!", "open_id string!" },
      returns = { "is_subscribed boolean" },
      note = "By application.",
    },
  },
}
