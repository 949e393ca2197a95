return {
  about = "Advertising: what users did after a click (广告转化), and leads.",
  endpoints = {
    user_action_sets_add = {
      doc = "Makes a source of data.",
      call = "POST /marketing/user_action_sets/add",
      query = { "version string=v1.0" },
      body = { "type string!=WEB", "name string", "description string" },
      returns = { "data.user_action_set_id integer" },
    },
    user_action_sets_get = {
      doc = "The sources of data.",
      call = "GET /marketing/user_action_sets/get",
      query = { "version string=v1.0", "user_action_set_id string|integer" },
      returns = { "data.list array" },
    },
    user_actions_add = {
      doc = "Reports what users did.",
      call = "POST /marketing/user_actions/add",
      query = { "version string=v1.0" },
      body = {
        "actions array! of user_action_set_id, url, action_time, action_type, click_id, action_param",
      },
    },
    user_action_set_reports_get = {
      doc = "Numbers of a source of data.",
      call = "GET /marketing/user_action_set_reports/get",
      query = {
        "version string=v1.0", "user_action_set_id string|integer", "date_range object|string",
        "time_granularity string", "aggregation string",
      },
      returns = { "data.list array" },
    },
    wechat_ad_leads_get = {
      doc = "Lists leads.",
      call = "GET /marketing/wechat_ad_leads/get",
      query = {
        "version string=v1.0", "date_range object|string", "filtering array|string", "page string|integer",
        "page_size string|integer",
      },
      returns = { "data.list array", "data.page_info object" },
    },
  },
}
