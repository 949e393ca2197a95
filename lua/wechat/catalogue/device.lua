return {
  about = "Hardware (微信硬件平台).",
  status = "removed",
  note = "Takes no new accounts; gone from the documents.",
  endpoints = {
    transmsg = {
      doc = "Sends a message to a device.",
      call = "POST /device/transmsg",
      send = true,
      body = {
        "device_type string! original id", "device_id string!", "open_id string!", "content string base64",
        "msg_type integer 2: state", "device_status integer",
      },
      returns = { "ret integer", "ret_info string" },
    },
    authorize_device = {
      doc = "Registers devices, or changes them.",
      call = "POST /device/authorize_device",
      body = {
        "device_num string!",
        "device_list array! of id, mac, connect_protocol, auth_key, close_strategy, conn_strategy, \z
          crypt_method, auth_ver, manu_mac_pos, ser_mac_pos, ble_simple_protocol",
        "op_type string! 0 or 1", "product_id string",
      },
      returns = { "resp array of base_info, errcode, errmsg" },
    },
    create_qrcode = {
      doc = "Makes devices' QR codes, the older way.",
      call = "POST /device/create_qrcode",
      body = { "device_num integer!", "device_id_list string[]!" },
      returns = { "device_num integer", "code_list array of device_id, ticket" },
    },
    getqrcode = {
      doc = "A new device's id and QR code.",
      call = "GET /device/getqrcode",
      query = { "product_id string|integer" },
      returns = { "deviceid string", "qrticket string", "devicelicence string" },
    },
    bind = {
      doc = "Ties a user to a device.",
      call = "POST /device/bind",
      body = { "ticket string! from the JS-SDK", "device_id string!", "openid string!" },
      returns = { "base_resp object of errcode, errmsg" },
    },
    unbind = {
      doc = "Unties a user from a device.",
      call = "POST /device/unbind",
      body = { "ticket string! from the JS-SDK", "device_id string!", "openid string!" },
      returns = { "base_resp object of errcode, errmsg" },
    },
    compel_bind = {
      doc = "Ties a user to a device without a ticket.",
      call = "POST /device/compel_bind",
      body = { "device_id string!", "openid string!" },
      returns = { "base_resp object of errcode, errmsg" },
    },
    compel_unbind = {
      doc = "Unties a user from a device without a ticket.",
      call = "POST /device/compel_unbind",
      body = { "device_id string!", "openid string!" },
      returns = { "base_resp object of errcode, errmsg" },
    },
    get_stat = {
      doc = "A device's state.",
      call = "GET /device/get_stat",
      query = { "device_id string!" },
      returns = { "status integer 0 unknown, 1 allowed, 2 bound, 3 unbound", "status_info string" },
    },
    verify_qrcode = {
      doc = "The device of a QR code.",
      call = "POST /device/verify_qrcode",
      body = { "ticket string!" },
      returns = { "device_type string", "device_id string", "mac string" },
    },
    get_openid = {
      doc = "A device's users.",
      call = "GET /device/get_openid",
      query = { "device_type string!", "device_id string!" },
      returns = { "open_id string[]", "resp_msg object" },
    },
    get_bind_device = {
      doc = "A user's devices.",
      call = "GET /device/get_bind_device",
      query = { "openid string!" },
      returns = { "openid string", "device_list array of device_type, device_id" },
    },
  },
}
