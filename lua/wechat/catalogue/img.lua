return {
  about = "Pictures: codes in them, how to crop them (图像处理).",
  endpoints = {
    qrcode = {
      doc = "Finds QR codes and bar codes.",
      call = "UPLOAD /cv/img/qrcode",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "code_results object[] of type_name, data, pos", "img_size object" },
    },
    aicrop = {
      doc = "Says where to crop for given proportions.",
      call = "UPLOAD /cv/img/aicrop",
      query = { "img_url string", "ratios string up to five, with commas" },
      body = { "img file or img_url", "ratios string up to five, with commas" },
      returns = { "results object[] of crop_left, crop_top, crop_right, crop_bottom", "img_size object" },
    },
    superresolution = {
      doc = "Enlarges a picture twofold.",
      call = "UPLOAD /cv/img/superresolution",
      status = "deprecated",
      query = { "img_url string" },
      body = { "img file or img_url" },
      returns = { "media_id string" },
      note = "Gone from the documents.",
    },
  },
}
