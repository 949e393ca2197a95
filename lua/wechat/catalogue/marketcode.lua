return {
  about = "One code for each item (一物一码).",
  status = "deprecated",
  note = "Known from a copy of the documents alone.",
  endpoints = {
    applycode = {
      doc = "Applies for codes.",
      call = "POST /intp/marketcode/applycode",
      body = { "code_count integer! 10000 to 20000000", "isv_application_id string!" },
      returns = { "application_id integer" },
    },
    applycodequery = {
      doc = "How an application is getting on.",
      call = "POST /intp/marketcode/applycodequery",
      body = { "application_id integer", "isv_application_id string" },
      returns = {
        "status string INIT|FINISH", "application_id integer",
        "code_generate_list array of code_start, code_end",
      },
    },
    applycodedownload = {
      doc = "Downloads codes, sealed with AES.",
      call = "POST /intp/marketcode/applycodedownload",
      body = { "application_id integer!", "code_start integer!", "code_end integer!" },
      returns = { "buffer string base64" },
    },
    codeactive = {
      doc = "Activates codes from one number to another.",
      call = "POST /intp/marketcode/codeactive",
      body = {
        "application_id integer!", "activity_name string!", "product_brand string!", "product_title string!",
        "product_code string!", "wxa_appid string!", "wxa_path string!", "wxa_type integer",
        "code_start integer!", "code_end integer!",
      },
    },
    codeactivequery = {
      doc = "What a code was activated for.",
      call = "POST /intp/marketcode/codeactivequery",
      body = { "application_id integer", "code_index integer", "code_url string", "code string" },
      returns = {
        "code string", "isv_application_id string", "activity_name string", "product_brand string",
        "product_title string", "wxa_appid string", "wxa_path string", "code_start integer",
        "code_end integer",
      },
    },
    tickettocode = {
      doc = "The code of a CODE_TICKET.",
      call = "POST /intp/marketcode/tickettocode",
      body = { "openid string!", "code_ticket string!" },
      returns = { "code string", "application_id integer", "... string" },
    },
  },
}
