-- The account of these tests.
return {
  token = "wemoontoken",
  previous_token = "formertoken",
  appid = "wx0000000000000001",
  appsecret = "0123456789abcdef0123456789abcdef",
  encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
  encrypt_mode = "compatible",
  partnerid = "1900000109",
  partnerkey = "192006250b4c09247ec02edce69f6a2d",
  store = "memory:",
  deadline_ms = 4000,
}
