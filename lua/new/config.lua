-- The account's settings, from its page on mp.weixin.qq.com (设置与开发 / 基本配置). `wemoon dev` and `wemoon test`
-- need none of them. Secrets may stand in the environment instead: WEMOON_TOKEN, WEMOON_APPSECRET, ...
-- `wemoon run --help` lists every key.

return {
  -- token = "",
  -- appid = "wx",
  -- appsecret = "",
  -- encoding_aes_key = "",  -- with it messages are encrypted (安全模式)
}
