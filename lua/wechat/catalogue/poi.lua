return {
  about = "Shops of the account (微信门店).",
  status = "deprecated",
  note = "The platform's documents no longer have it.",
  endpoints = {
    addpoi = {
      doc = "Adds a shop.",
      call = "POST /cgi-bin/poi/addpoi",
      body = {
        "business.base_info object! of sid, business_name, branch_name, province, city, district, \z
          address, telephone, categories[], offset_type, longitude, latitude, photo_list[].photo_url, \z
          recommend, special, introduction, open_time, avg_price",
      },
      returns = { "poi_id integer" },
      note = "poi_check_notify tells whether it was approved.",
    },
    getpoi = {
      doc = "A shop.",
      call = "POST /cgi-bin/poi/getpoi",
      body = { "poi_id string!" },
      returns = { "business.base_info object of + available_state, update_status" },
    },
    getpoilist = {
      doc = "Lists shops.",
      call = "POST /cgi-bin/poi/getpoilist",
      body = { "begin integer!", "limit integer! at most 50" },
      returns = { "business_list array", "total_count integer" },
    },
    updatepoi = {
      doc = "Changes a shop.",
      call = "POST /cgi-bin/poi/updatepoi",
      body = {
        "business.base_info object! of poi_id and what changes: telephone, photo_list, recommend, \z
          special, introduction, open_time, avg_price",
      },
    },
    delpoi = {
      doc = "Removes a shop.",
      call = "POST /cgi-bin/poi/delpoi",
      body = { "poi_id string!" },
    },
    getwxcategory = {
      doc = "The categories of shops.",
      call = "GET /cgi-bin/poi/getwxcategory",
      returns = { "category_list string[]" },
    },
  },
}
