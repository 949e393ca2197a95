return {
  about = "The first shop of the platform (微信小店 1.0).",
  status = "removed",
  note = "The product was closed.",
  endpoints = {
    create = {
      doc = "Adds a product.",
      call = "POST /merchant/create",
      body = {
        "product_base object! of name, category_id, main_img, img, detail, property, sku_info, buy_limit",
        "sku_list array!", "attrext object", "delivery_info object",
      },
      returns = { "product_id string" },
    },
    del = {
      doc = "Removes a product.",
      call = "POST /merchant/del",
      body = { "product_id string!" },
    },
    update = {
      doc = "Changes a product.",
      call = "POST /merchant/update",
      body = {
        "product_id string!",
        "product_base object! of name, category_id, main_img, img, detail, property, sku_info, buy_limit",
        "sku_list array!", "attrext object", "delivery_info object",
      },
    },
    get = {
      doc = "A product.",
      call = "POST /merchant/get",
      body = { "product_id string!" },
      returns = { "product_info object" },
    },
    getbystatus = {
      doc = "Lists products.",
      call = "POST /merchant/getbystatus",
      body = { "status integer! 0 all, 1 on, 2 off" },
      returns = { "products_info array" },
    },
    modproductstatus = {
      doc = "Puts a product on the shelf, or takes it off.",
      call = "POST /merchant/modproductstatus",
      body = { "product_id string!", "status integer!" },
    },
    category_getsub = {
      doc = "The categories below one.",
      call = "POST /merchant/category/getsub",
      body = { "cate_id integer!" },
      returns = { "cate_list array" },
    },
    category_getsku = {
      doc = "The variants that a category knows.",
      call = "POST /merchant/category/getsku",
      body = { "cate_id integer!" },
      returns = { "sku_table array" },
    },
    category_getproperty = {
      doc = "The properties that a category knows.",
      call = "POST /merchant/category/getproperty",
      body = { "cate_id integer!" },
      returns = { "properties array" },
    },
    stock_add = {
      doc = "Adds to the stock.",
      call = "POST /merchant/stock/add",
      body = { "product_id string!", "sku_info string", "quantity integer!" },
    },
    stock_reduce = {
      doc = "Takes from the stock.",
      call = "POST /merchant/stock/reduce",
      body = { "product_id string!", "sku_info string", "quantity integer!" },
    },
    express_add = {
      doc = "Adds a table of freight.",
      call = "POST /merchant/express/add",
      body = { "delivery_template object!" },
      returns = { "template_id integer" },
    },
    express_del = {
      doc = "Removes a table of freight.",
      call = "POST /merchant/express/del",
      body = { "template_id integer!" },
    },
    express_update = {
      doc = "Changes a table of freight.",
      call = "POST /merchant/express/update",
      body = { "template_id integer!", "delivery_template object!" },
    },
    express_getbyid = {
      doc = "A table of freight.",
      call = "POST /merchant/express/getbyid",
      body = { "template_id integer!" },
      returns = { "template_info object" },
    },
    express_getall = {
      doc = "The tables of freight.",
      call = "GET /merchant/express/getall",
      returns = { "templates_info array" },
    },
    group_add = {
      doc = "Adds a group of products.",
      call = "POST /merchant/group/add",
      body = { "group_detail object! of group_name, product_list" },
      returns = { "group_id integer" },
    },
    group_del = {
      doc = "Removes a group.",
      call = "POST /merchant/group/del",
      body = { "group_id integer!" },
    },
    group_propertymod = {
      doc = "Renames a group.",
      call = "POST /merchant/group/propertymod",
      body = { "group_id integer!", "group_name string!" },
    },
    group_productmod = {
      doc = "Changes what is in a group.",
      call = "POST /merchant/group/productmod",
      body = { "group_id integer!", "product array! of product_id, mod_action" },
    },
    group_getall = {
      doc = "The groups.",
      call = "GET /merchant/group/getall",
      returns = { "groups_detail array" },
    },
    group_getbyid = {
      doc = "A group.",
      call = "POST /merchant/group/getbyid",
      body = { "group_id integer!" },
      returns = { "group_detail object" },
    },
    shelf_add = {
      doc = "Adds a shelf.",
      call = "POST /merchant/shelf/add",
      body = { "shelf_data object! of module_infos", "shelf_banner string!", "shelf_name string!" },
      returns = { "shelf_id integer" },
    },
    shelf_del = {
      doc = "Removes a shelf.",
      call = "POST /merchant/shelf/del",
      body = { "shelf_id integer!" },
    },
    shelf_mod = {
      doc = "Changes a shelf.",
      call = "POST /merchant/shelf/mod",
      body = { "shelf_id integer!", "shelf_data object!", "shelf_banner string!", "shelf_name string!" },
    },
    shelf_getall = {
      doc = "The shelves.",
      call = "GET /merchant/shelf/getall",
      returns = { "shelves array" },
    },
    shelf_getbyid = {
      doc = "A shelf.",
      call = "POST /merchant/shelf/getbyid",
      body = { "shelf_id integer!" },
      returns = { "shelf_info object", "shelf_banner string", "shelf_name string", "shelf_id integer" },
    },
    order_getbyid = {
      doc = "An order.",
      call = "POST /merchant/order/getbyid",
      body = { "order_id string!" },
      returns = { "order object" },
    },
    order_getbyfilter = {
      doc = "Lists orders.",
      call = "POST /merchant/order/getbyfilter",
      body = { "status integer 2, 3, 5 or 8", "begintime integer", "endtime integer" },
      returns = { "order_list array" },
    },
    order_setdelivery = {
      doc = "Notes that an order is on its way.",
      call = "POST /merchant/order/setdelivery",
      body = {
        "order_id string!", "delivery_company string!", "delivery_track_no string!", "need_delivery integer",
        "is_others integer",
      },
    },
    order_close = {
      doc = "Closes an order.",
      call = "POST /merchant/order/close",
      body = { "order_id string!" },
    },
    common_upload_img = {
      doc = "Uploads a picture: its bytes are the whole body.",
      call = "UPLOAD /merchant/common/upload_img",
      query = { "filename string" },
      body = { "(raw) file the picture" },
      returns = { "image_url string" },
    },
  },
}
