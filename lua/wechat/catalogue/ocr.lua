return {
  about = "Text in pictures of papers (OCR): `img`, or `img_url`. 100 free calls a day.",
  endpoints = {
    idcard = {
      doc = "Reads an identity card.",
      call = "UPLOAD /cv/ocr/idcard",
      query = { "type string photo|scan", "img_url string" },
      body = { "img file or img_url" },
      returns = {
        "type string Front|Back", "name string", "id string", "addr string", "gender string",
        "nationality string", "valid_date string",
      },
    },
    bankcard = {
      doc = "Reads a bank card's number.",
      call = "UPLOAD /cv/ocr/bankcard",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "number string" },
    },
    driving = {
      doc = "Reads a vehicle licence; the names of this and the next are as the platform has them.",
      call = "UPLOAD /cv/ocr/driving",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = {
        "plate_num string", "vehicle_type string", "owner string", "addr string", "use_character string",
        "model string", "vin string", "engine_num string", "register_date string", "issue_date string",
        "plate_num_b string", "record string", "passengers_num string", "total_quality string",
        "prepare_quality string", "overall_size string", "card_position_front object",
        "card_position_back object", "img_size object",
      },
    },
    drivinglicense = {
      doc = "Reads a driver's licence.",
      call = "UPLOAD /cv/ocr/drivinglicense",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = {
        "id_num string", "name string", "sex string", "nationality string", "address string",
        "birth_date string", "issue_date string", "car_class string", "valid_from string", "valid_to string",
        "official_seal string",
      },
    },
    bizlicense = {
      doc = "Reads a business licence.",
      call = "UPLOAD /cv/ocr/bizlicense",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = {
        "reg_num string", "serial string", "legal_representative string", "enterprise_name string",
        "type_of_organization string", "address string", "type_of_enterprise string",
        "business_scope string", "registered_capital string", "paid_in_capital string",
        "valid_period string", "registered_date string", "cert_position object", "img_size object",
      },
    },
    comm = {
      doc = "Reads print of any kind.",
      call = "UPLOAD /cv/ocr/comm",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "items object[] of text, pos", "img_size object" },
    },
    platenum = {
      doc = "Reads a number plate.",
      call = "UPLOAD /cv/ocr/platenum",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "number string" },
    },
    menu = {
      doc = "Reads a restaurant's menu.",
      call = "UPLOAD /cv/ocr/menu",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "content string JSON: dishes and prices" },
    },
  },
}
