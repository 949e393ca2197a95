-- 账号的设置，在微信开发者平台（https://developers.weixin.qq.com/platform › 我的业务 › 公众号或服务号 › 基础信息：
-- 开发密钥、域名与消息推送配置）。`wemoon dev` 和 `wemoon test`
-- 都不需要它们。密钥也可以放在环境变量里：WEMOON_TOKEN、WEMOON_APPSECRET……
-- `wemoon run --help` 列出所有的键。

return {
  -- token = "",
  -- appid = "wx",
  -- appsecret = "",
  -- encoding_aes_key = "",  -- 写上它，消息就加密（安全模式）
}
