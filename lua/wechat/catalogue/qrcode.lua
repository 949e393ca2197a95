return {
  about = "QR codes with a scene (带参数二维码), short links and short keys.",
  endpoints = {
    create = {
      doc = "Makes a QR code with a scene, for a time or for good.",
      call = "POST /cgi-bin/qrcode/create",
      body = {
        "action_name string! QR_SCENE|QR_STR_SCENE|QR_LIMIT_SCENE|QR_LIMIT_STR_SCENE",
        "expire_seconds integer of temporary codes: up to 2592000, 60 without it",
        "action_info.scene.scene_id integer temporary: 1 to 4294967295; permanent: 1 to 100000",
        "action_info.scene.scene_str string 1 to 64 characters",
      },
      returns = { "ticket string", "expire_seconds integer", "url string what the code says" },
      note = "Verified service accounts and test accounts (else 48001); 100,000 permanent codes in all.",
    },
    show = {
      doc = "Downloads a ticket's picture; needs no token.",
      call = "DOWNLOAD /cgi-bin/showqrcode",
      host = "mp", token = "none",
      query = { "ticket string!" },
      returns = { "(body) binary jpg" },
      note = "404 for an invalid ticket.",
    },
    shorturl = {
      doc = "Shortens an address.",
      call = "POST /cgi-bin/shorturl",
      status = "removed",
      body = { "action string!=long2short", "long_url string!" },
      returns = { "short_url string" },
      note = "Ended in March 2021: use wechat.qrcode.shorten_gen.",
    },
    shorten_gen = {
      doc = "Keeps a long text under a short key.",
      call = "POST /cgi-bin/shorten/gen",
      body = { "long_data string! up to 4 KB", "expire_seconds integer up to 2592000, the same without it" },
      returns = { "short_key string" },
      note = "Verified service accounts.",
    },
    shorten_fetch = {
      doc = "The long text of a short key.",
      call = "POST /cgi-bin/shorten/fetch",
      body = { "short_key string!" },
      returns = { "long_data string", "create_time integer", "expire_seconds integer" },
    },
    jump_add = {
      doc = "Adds or changes a rule that opens a mini program for a scene QR code.",
      call = "POST /cgi-bin/wxopen/qrcodejumpadd",
      body = {
        "prefix string! address of a scene QR code: http://weixin.qq.com/q/...",
        "appid string! mini program", "path string! its page",
        "is_edit integer! 0: a new rule, 1: change one that is not published (else 40097)",
        "open_version integer ordinary links: 1 development, 2 trial, 3 release",
        "debug_url string[] ordinary links: up to 5 for tests",
        "permit_sub_rule integer ordinary links: 1 no, 2 takes all that begin so",
      },
      note = "Verified service accounts with a linked mini program; 5 calls a second (44990). 85066: prefix \z
        wrong, 85070: blocked, 85071: there already, 85072: taken, 85073: too many rules, 85075: a person's \z
        mini program.",
    },
    jump_get = {
      doc = "Lists the rules that open a mini program.",
      call = "POST /cgi-bin/wxopen/qrcodejumpget",
      body = {
        "appid string mini program", "get_type integer 0 newest, 1 by prefix, 2 by page",
        "prefix_list string[] with get_type 1", "page_num integer from 1", "page_size integer",
      },
      returns = {
        "qrcodejump_open integer", "qrcodejump_pub_quota integer publications left this month",
        "list_size integer",
        "rule_list object[] of prefix, path, state (1 not published, 2 published), open_version, \z
          debug_url[], permit_sub_rule",
      },
      note = "Verified service accounts with a linked mini program; 5 calls a second (44990).",
    },
    jump_publish = {
      doc = "Publishes a rule that opens a mini program.",
      call = "POST /cgi-bin/wxopen/qrcodejumppublish",
      body = { "prefix string!" },
      note = "5 calls a second (44990). 85074: the mini program is not released; 85095: delete the rule and \z
        add it again.",
    },
    jump_delete = {
      doc = "Removes a rule that opens a mini program.",
      call = "POST /cgi-bin/wxopen/qrcodejumpdelete",
      body = { "prefix string!", "appid string mini program" },
      note = "5 calls a second (44990).",
    },
  },
}
