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
      note = "Verified service accounts; 100,000 permanent codes in all.",
    },
    show = {
      doc = "Downloads a ticket's picture; needs no token.",
      call = "DOWNLOAD /cgi-bin/showqrcode",
      host = "mp", token = "none",
      query = { "ticket string" },
      returns = { "(body) binary jpg" },
      note = "404 for a ticket that is none.",
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
  },
}
