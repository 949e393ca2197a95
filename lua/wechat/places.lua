-- Where an account's settings are since December 2025: on 微信开发者平台, no longer on mp.weixin.qq.com
-- ("开发接口管理迁移"). Hints name these places; each has its words in English and in Chinese.

local site = "https://developers.weixin.qq.com/platform"

-- The path to a page, for a sentence in English and for one in Chinese.
local function place(page)
  return {
    ("微信开发者平台 (%s) › 我的业务 › 公众号 or 服务号 › %s"):format(site, page),
    ("微信开发者平台（%s）› 我的业务 › 公众号或服务号 › %s"):format(site, page),
  }
end

---@class Places each: its words in English, the same in Chinese
return {
  appid = place "基础信息",
  -- AppSecret (enable, reset, freeze, unfreeze) and the IP whitelist.
  secret = place "基础信息 › 开发密钥",
  -- Callback address, Token, EncodingAESKey and mode; domains of the JS-SDK.
  callback = place "基础信息 › 域名与消息推送配置",
  -- Which APIs the account may call, and how often.
  rights = place "接口管理 › 接口权限与额度",
}
