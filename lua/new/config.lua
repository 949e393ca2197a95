-- The account's settings, from 微信开发者平台 (https://developers.weixin.qq.com/platform › 我的业务 › 公众号 or 服务号 ›
-- 基础信息: 开发密钥, 域名与消息推送配置). `wemoon dev` and `wemoon test`
-- need none of them. Secrets may stand in the environment instead: WEMOON_TOKEN, WEMOON_APPSECRET, ...
-- `wemoon run --help` lists every key.

return {
  -- token = "",
  -- appid = "wx",
  -- appsecret = "",
  -- encoding_aes_key = "",  -- with it messages are encrypted (安全模式)
}
