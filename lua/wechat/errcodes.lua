-- What the platform's error codes mean and what to do about them, for err.hint and `wemoon explain`.

local places = require "wechat.places"

-- The remedy by kind of error; `again`: the same call may succeed later.
local actions = {
  ok = { "nothing", "无需处理" },
  retry = { "try again after a pause, a few times", "稍后重试，次数不宜多", again = true },
  wait = { "wait, then try once more", "稍等后再试一次", again = true },
  quota = { "stop calling this until the quota is renewed", "停止调用该接口，等配额恢复", again = true },
  token = {
    "fetch a new access token and try once more; wemoon did so already: see that no other program fetches \z
      tokens by /cgi-bin/token",
    "重新获取 access_token 后再试一次；wemoon 已经试过，请检查是否有别的程序也在获取 token",
  },
  oauth = { "send the user through the authorisation page again", "让用户重新进行网页授权" },
  done = { "take it as done", "可视为成功" },
  user = { "skip this user", "跳过该用户" },
  request = { "mend the request: the same one will be refused again", "修改请求；原样重试仍会被拒绝" },
  account = {
    "an operator has to act: look at the account's rights at " .. places.rights[1]
      .. ", and at its notices on mp.weixin.qq.com",
    "需要运营人员处理：到" .. places.rights[2] .. " 检查账号权限，并查看 mp.weixin.qq.com 的通知",
  },
}

-- Codes with a more specific remedy than their kind.
local advice = {
  [-1] = {
    "try again after a pause; a message may have gone out, so look before sending it twice",
    "稍后重试；消息可能已发出，重发前请先确认",
  },
  [40001] = {
    "where the token was just fetched, the secret is wrong: look at appsecret; else see that no other \z
      program fetches tokens",
    "若刚获取 token，则为 AppSecret 错误，请检查 appsecret；否则检查是否有别的程序也在获取 token",
  },
  [40003] = {
    "openids are per account: take it from a message or a follower of this one",
    "openid 因公众号而异，请使用本公众号消息或粉丝列表中的 openid",
  },
  [40007] = {
    "upload the file again: temporary media last three days; a draft's cover has to be permanent \z
      (wechat.material.add_material)",
    "重新上传：临时素材只保留三天；草稿封面须用永久素材（wechat.material.add_material）",
  },
  [40013] = {
    "look at appid: it begins with wx, has 18 characters, and stands at " .. places.appid[1],
    "检查 appid：以 wx 开头，共 18 个字符，见" .. places.appid[2],
  },
  [40029] = {
    "a code is good once and for five minutes: send the user through the authorisation page again",
    "code 只能用一次，五分钟内有效；请让用户重新授权",
  },
  [40037] = {
    "look at wechat.message.template.list: who changes or removes a service category (服务类目) removes its \z
      templates",
    "用 wechat.message.template.list 核对；更改或删除服务类目会删除其模板",
  },
  [40048] = {
    "the domains of the JS-SDK (JS 接口安全域名) are set at " .. places.callback[1],
    "JS 接口安全域名在" .. places.callback[2] .. " 设置",
  },
  [40125] = {
    "look at appsecret; a reset kills the old one at once. A new one is made at " .. places.secret[1],
    "检查 appsecret（重置后旧的立即失效），或到" .. places.secret[2] .. " 重置",
  },
  [40164] = {
    "add the IP that errmsg names to the whitelist (API IP 白名单) at " .. places.secret[1]
      .. "; it works after several minutes. Calls with a token are checked too",
    "把 errmsg 中的 IP 加入" .. places.secret[2] .. " 的 API IP 白名单，几分钟后生效；带 access_token 的调用同样受限",
  },
  [40201] = {
    "set the callback's URL at " .. places.callback[1],
    "到" .. places.callback[2] .. " 填写服务器地址（URL）",
  },
  [40243] = {
    "unfreeze the secret at " .. places.secret[1] .. "; it works after 10 minutes",
    "到" .. places.secret[2] .. " 解冻 AppSecret，10 分钟后生效",
  },
  [40252] = {
    "do not send it again: it goes out if the review (about half an hour) passes, and its \z
      TEMPLATESENDJOBFINISH has no msgid that you know",
    "不要重发：审核（约半小时）通过后会发出，之后的 TEMPLATESENDJOBFINISH 无法与本次调用对应",
  },
  [43004] = {
    "skip this user: only followers can be written to",
    "跳过该用户：只能给粉丝发消息",
  },
  [45008] = {
    "send one article",
    "图文消息请只发一条",
  },
  [45009] = {
    "wait until midnight (Beijing time), or reset with wechat.openapi.clear_quota (ten times a month)",
    "等到北京时间零点，或用 wechat.openapi.clear_quota 清零（每月十次）",
  },
  [45015] = {
    "skip this user until the next message; template messages do not need one",
    "等用户再次发消息；模板消息不受此限制",
  },
  [45047] = {
    "wait until the user says something again",
    "等用户再次互动后再发",
  },
  [46003] = {
    "make one with wechat.create_menu, or take it as removed",
    "用 wechat.create_menu 创建；删除时可视为成功",
  },
  [47001] = {
    "send JSON in UTF-8; with wechat.call give the body as a table",
    "请发送 UTF-8 的 JSON；用 wechat.call 时正文传表",
  },
  [48001] = {
    "`wemoon check --online` says which rights are missing. Verification (微信认证) gives a company's account \z
      publishing, followers and customer service; QR codes, templates and web authorisation are for verified \z
      service accounts (服务号) alone; a person's account can have none of it (publishing with freepublish \z
      ended in July 2025): do that by hand on mp.weixin.qq.com",
    "`wemoon check --online` 会列出缺少的权限。企业账号通过微信认证可获得发布、粉丝、客服等权限；带参数二维码、模板消息、网页授权\z
      仅限已认证的服务号；个人账号无法获得（2025 年 7 月起不能再用 freepublish 发布），请到 mp.weixin.qq.com 手动操作",
  },
  [48004] = {
    "see the notice on mp.weixin.qq.com",
    "查看 mp.weixin.qq.com 的通知",
  },
  [65400] = {
    "give the account a WeChat id (微信号) and turn customer service on",
    "先为公众号设置微信号并开通客服功能",
  },
  [89503] = {
    "ask the administrator to confirm the IP in WeChat",
    "请管理员在微信中确认该 IP",
  },
}

-- [code] = { symbol, kind of error, meaning, the same in Chinese }
local codes = {
  [-1000] = { "SYSTEM_ERROR", "retry", "an internal error of some endpoints", "部分接口的内部错误" },
  [-1] = { "SYSTEM_BUSY", "retry", "the platform is busy", "系统繁忙" },
  [0] = { "SUCCESS", "ok", "done", "成功" },
  [10700] = {
    "RECEIVER_NOT_FOLLOWER", "user",
    "the receiver does not follow the account",
    "接收者未关注公众号",
  },
  [10703] = {
    "RECEIVER_REFUSES_MESSAGES", "user",
    "the receiver turned messages off",
    "接收者关闭了消息接收",
  },
  [10706] = {
    "RECEIVER_SILENT_48H", "user",
    "the receiver wrote nothing in the last 48 hours",
    "接收者 48 小时内没有发过消息",
  },
  [40001] = {
    "INVALID_CREDENTIAL", "token",
    "the access token is not valid, or a newer one replaced it; when fetching one: wrong secret",
    "access_token 无效或已被新的取代；获取时则为 AppSecret 错误",
  },
  [40002] = { "INVALID_CREDENTIAL_TYPE", "request", "wrong grant_type", "grant_type 错误" },
  [40003] = { "INVALID_OPENID", "user", "the openid does not belong to this account", "openid 不属于本公众号" },
  [40004] = { "INVALID_MEDIA_TYPE", "request", "media of this type are not taken", "媒体类型不支持" },
  [40005] = { "INVALID_FILE_TYPE", "request", "files of this type are not taken", "文件类型不支持" },
  [40006] = { "INVALID_FILE_SIZE", "request", "the file is too big or too small", "文件大小不符合要求" },
  [40007] = {
    "INVALID_MEDIA_ID", "request",
    "the media_id is unknown or has expired (temporary media last three days), or a draft's cover is not \z
      permanent",
    "media_id 不存在或已过期（临时素材保留三天），或草稿封面不是永久素材",
  },
  [40008] = { "INVALID_MESSAGE_TYPE", "request", "messages of this type are not taken", "消息类型不支持" },
  [40009] = { "INVALID_IMAGE_SIZE", "request", "the picture's size or format is not taken", "图片大小或格式不符合要求" },
  [40010] = { "INVALID_VOICE_SIZE", "request", "the voice file is too big", "语音文件过大" },
  [40011] = { "INVALID_VIDEO_SIZE", "request", "the video is too big", "视频文件过大" },
  [40012] = { "INVALID_THUMB_SIZE", "request", "the thumb is too big", "缩略图过大" },
  [40013] = { "INVALID_APP_ID", "account", "the appid is wrong", "AppID 错误" },
  [40014] = {
    "INVALID_ACCESS_TOKEN", "token",
    "the access token is malformed, or another account's",
    "access_token 格式错误或属于其他账号",
  },
  [40015] = { "INVALID_MENU_TYPE", "request", "menus of this type are not taken", "菜单类型不支持" },
  [40016] = { "INVALID_BUTTON_SIZE", "request", "a menu has one to three buttons", "一级菜单应为 1 至 3 个" },
  [40017] = {
    "INVALID_BUTTON_TYPE", "request",
    "a button's type, or the number of its sub-buttons, is wrong",
    "按钮类型或子菜单个数错误",
  },
  [40018] = { "INVALID_BUTTON_NAME_SIZE", "request", "a button's name is empty or too long", "按钮名称为空或过长" },
  [40019] = { "INVALID_BUTTON_KEY_SIZE", "request", "a button's key is empty or too long", "按钮 key 为空或过长" },
  [40020] = { "INVALID_BUTTON_URL_SIZE", "request", "a button's url is too long", "按钮链接过长" },
  [40021] = { "INVALID_MENU_VERSION", "request", "wrong menu version", "菜单版本号错误" },
  [40022] = { "INVALID_SUB_BUTTON_LEVEL", "request", "menus have two levels only", "菜单最多两级" },
  [40023] = {
    "INVALID_SUB_BUTTON_COUNT", "request",
    "a button has one to five sub-buttons",
    "子菜单应为 1 至 5 个",
  },
  [40024] = { "INVALID_SUB_BUTTON_TYPE", "request", "a sub-button's type is wrong", "子菜单类型错误" },
  [40025] = {
    "INVALID_SUB_BUTTON_NAME_SIZE", "request",
    "a sub-button's name is empty or too long",
    "子菜单名称为空或过长",
  },
  [40026] = {
    "INVALID_SUB_BUTTON_KEY_SIZE", "request",
    "a sub-button's key is empty or too long",
    "子菜单 key 为空或过长",
  },
  [40027] = { "INVALID_SUB_BUTTON_URL_SIZE", "request", "a sub-button's url is too long", "子菜单链接过长" },
  [40028] = { "INVALID_MENU_USER", "request", "the menu's user is wrong", "菜单使用者错误" },
  [40029] = { "INVALID_OAUTH_CODE", "oauth", "the code of the web authorisation is wrong", "网页授权 code 错误" },
  [40030] = {
    "INVALID_REFRESH_TOKEN", "oauth",
    "the refresh_token of the web authorisation is wrong",
    "网页授权 refresh_token 错误",
  },
  [40031] = { "INVALID_OPENID_LIST", "request", "the list of openids is wrong", "openid 列表错误" },
  [40032] = {
    "INVALID_OPENID_LIST_SIZE", "request",
    "the list of openids is empty or too long",
    "openid 列表为空或过长",
  },
  [40033] = {
    "INVALID_REQUEST_CHARSET", "request",
    "the body has \\u escapes where UTF-8 is needed",
    "请求含 \\u 转义字符，应使用 UTF-8 原文",
  },
  [40034] = { "INVALID_TEMPLATE_SIZE", "request", "the template is too big", "模板过大" },
  [40035] = { "INVALID_PARAMETER", "request", "a parameter is wrong", "参数错误" },
  [40036] = {
    "INVALID_TEMPLATE_ID_SIZE", "request",
    "the template_id has the wrong length",
    "template_id 长度错误",
  },
  [40037] = { "INVALID_TEMPLATE_ID", "account", "the account has no such template_id", "本账号没有该 template_id" },
  [40038] = { "INVALID_REQUEST_FORMAT", "request", "the request's format is wrong", "请求格式错误" },
  [40039] = { "INVALID_URL_SIZE", "request", "the url is too long", "链接过长" },
  [40048] = { "INVALID_URL_DOMAIN", "account", "the url's domain is not allowed", "链接域名未获许可" },
  [40049] = { "INVALID_SCORE_TYPE", "request", "wrong type of score report", "分数上报类型错误" },
  [40050] = { "INVALID_GROUP_ID", "request", "wrong group id", "分组 id 错误" },
  [40051] = { "INVALID_GROUP_NAME", "request", "wrong group name", "分组名称错误" },
  [40052] = { "INVALID_ACTION_NAME", "request", "the QR code's action_name is wrong", "二维码 action_name 错误" },
  [40053] = {
    "INVALID_ACTION_INFO", "request",
    "the QR code's action_info is wrong, or there are no permanent codes left",
    "二维码 action_info 错误，或永久二维码已用完",
  },
  [40054] = { "INVALID_BUTTON_DOMAIN", "request", "a button's url is wrong", "按钮链接域名错误" },
  [40055] = { "INVALID_SUB_BUTTON_DOMAIN", "request", "a sub-button's url is wrong", "子菜单链接域名错误" },
  [40056] = { "INVALID_CARD_CODE", "request", "wrong card code", "卡券 code 错误" },
  [40059] = { "INVALID_MSG_ID", "request", "wrong msg_id", "msg_id 错误" },
  [40060] = {
    "INVALID_DELETE_ARTICLE_ID", "request",
    "there is no article at that article_idx",
    "article_idx 对应的文章不存在",
  },
  [40065] = { "INVALID_MSG_STATUS", "request", "the message's state does not allow this", "消息状态不允许此操作" },
  [40066] = { "INVALID_URL", "request", "the url is wrong, or the API is gone", "链接错误或接口已下线" },
  [40068] = { "MALICIOUS_URL", "request", "the content has a blocked link", "内容含被封禁的链接" },
  [40071] = { "INVALID_CARD_TYPE", "request", "wrong card type", "卡券类型错误" },
  [40072] = { "INVALID_CARD_LOCATION_ID", "request", "wrong shop id", "门店 id 错误" },
  [40073] = { "INVALID_CARD_ID", "request", "wrong card_id", "card_id 错误" },
  [40075] = { "INVALID_ENCRYPT_CODE", "request", "wrong encrypt_code", "encrypt_code 错误" },
  [40076] = { "INVALID_COLOR_ID", "request", "wrong colour", "颜色值错误" },
  [40078] = { "INVALID_BASEINFO_STATUS", "request", "the card's state does not allow this", "卡券状态不允许此操作" },
  [40079] = { "INVALID_CARD_TIME", "request", "the card's time range is wrong", "卡券有效期错误" },
  [40080] = { "INVALID_CARD_EXT", "request", "wrong card_ext", "card_ext 错误" },
  [40090] = { "INVALID_REQUEST_SOURCE", "account", "calls from this address are not taken", "请求来源 IP 不被允许" },
  [40092] = { "INVALID_REMARK_NAME", "request", "wrong remark", "备注名错误" },
  [40094] = {
    "INVALID_COMPONENT_CREDENTIAL", "account",
    "wrong credentials of the third-party platform",
    "第三方平台凭据错误",
  },
  [40097] = { "INVALID_ARGS", "request", "wrong arguments", "参数不正确" },
  [40098] = { "INVALID_POI_ID", "request", "wrong poi_id", "poi_id 错误" },
  [40099] = { "CODE_ALREADY_CONSUMED", "done", "the card's code was used before", "卡券 code 已核销" },
  [40100] = { "INVALID_DATE_INFO", "request", "the card's dates cannot be changed like this", "卡券有效期不可如此修改" },
  [40101] = { "MISSING_ANY_PARAMETER", "request", "a parameter is missing", "缺少参数" },
  [40102] = { "INVALID_INDUSTRY_ID", "request", "wrong industry id", "行业 id 错误" },
  [40103] = { "INVALID_INDUSTRY_INDEX", "request", "wrong place of an industry", "行业序号错误" },
  [40109] = {
    "INVALID_CODE_LIST_SIZE", "request",
    "the list of codes is empty or has over 100",
    "code 列表为空或超过 100 个",
  },
  [40113] = { "UNSUPPORTED_FILE_TYPE", "request", "files of this type are not supported", "不支持该文件类型" },
  [40114] = {
    "INVALID_INDEX", "request",
    "the draft has no article at that index",
    "文章序号超出范围",
  },
  [40115] = { "INVALID_SESSION_FROM", "request", "wrong session_from", "session_from 错误" },
  [40116] = { "INVALID_CODE", "request", "wrong code", "code 错误" },
  [40117] = { "INVALID_TAG_OR_GROUP_NAME", "request", "wrong group name", "分组名称不合法" },
  [40118] = { "INVALID_MEDIA_ID_SIZE", "request", "the media_id has the wrong length", "media_id 长度错误" },
  [40119] = { "INVALID_USE_BUTTON_TYPE", "request", "wrong button type", "按钮类型错误" },
  [40120] = { "INVALID_USE_SUB_BUTTON_TYPE", "request", "wrong sub-button type", "子菜单类型不合法" },
  [40121] = { "INVALID_MEDIA_ID_TYPE", "request", "the media_id is of another type", "media_id 类型不符" },
  [40122] = { "INVALID_CARD_QUANTITY", "request", "wrong stock", "库存数量错误" },
  [40123] = { "INVALID_TASK_ID", "request", "wrong task id", "任务 id 错误" },
  [40125] = { "INVALID_APP_SECRET", "account", "the secret is wrong", "AppSecret 错误" },
  [40126] = { "INVALID_TEXT_SIZE", "request", "the text's length is wrong", "文本长度错误" },
  [40127] = {
    "INVALID_USER_CARD_STATUS", "request",
    "the user's card is not in the right state",
    "用户卡券状态错误",
  },
  [40128] = { "MEDIA_NOT_FROM_ADD_MATERIAL", "request", "a permanent material is needed here", "此处需要永久素材" },
  [40129] = { "INVALID_SCENE", "request", "wrong scene", "场景值错误" },
  [40130] = {
    "INVALID_OPENID_LIST_MIN", "request",
    "a broadcast needs two openids at least",
    "群发至少需要两个 openid",
  },
  [40131] = { "TICKET_LIMIT", "quota", "too many tickets", "ticket 数量超限" },
  [40132] = { "INVALID_WECHAT_ID", "request", "wrong WeChat id", "微信号错误" },
  [40137] = { "INVALID_IMAGE_FORMAT", "request", "pictures of this format are not taken", "图片格式不支持" },
  [40139] = { "INVALID_SUB_MERCHANT_ID", "request", "wrong id of a sub-merchant", "子商户 id 错误" },
  [40141] = {
    "INVALID_IMAGE_URL", "request",
    "the picture's url does not come from uploadimg",
    "图片链接不是 uploadimg 返回的",
  },
  [40152] = { "INVALID_GROUP_ID_2", "request", "wrong group or tag id", "分组或标签 id 错误" },
  [40155] = {
    "CONTAIN_OTHER_HOME_PAGE_URL", "request",
    "links to another account's home page are not allowed",
    "不能链接其他公众号主页",
  },
  [40163] = {
    "CODE_BEEN_USED", "oauth",
    "the code of the web authorisation was used before",
    "网页授权 code 已被使用",
  },
  [40164] = { "INVALID_IP", "account", "the caller's IP is not in the whitelist", "调用方 IP 不在白名单内" },
  [40165] = { "INVALID_WEAPP_PAGEPATH", "request", "the mini program's path is wrong", "小程序路径错误" },
  [40166] = {
    "INVALID_WEAPP_APPID", "account",
    "the mini program's appid is wrong, or it is not tied to the account",
    "小程序 appid 错误或未与公众号关联",
  },
  [40173] = { "NO_BIND_RELATION", "account", "there is no such tie", "没有绑定关系" },
  [40192] = { "INVALID_AUTHOR", "request", "the article's author is wrong", "文章作者错误" },
  [40200] = { "INVALID_ACCOUNT_TYPE", "account", "accounts of this type cannot do this", "账号类型不支持此操作" },
  [40201] = { "INVALID_CALLBACK_URL", "account", "there is no callback address to check", "没有配置回调地址" },
  [40202] = { "INVALID_CHECK_ACTION", "request", "the check's action is wrong", "检测动作错误" },
  [40203] = { "INVALID_CHECK_OPERATOR", "request", "the check's operator is wrong", "检测运营商错误" },
  [40212] = {
    "INVALID_PAGE_QUERY", "request",
    "the query of the mini program's page is wrong",
    "小程序页面参数错误",
  },
  [40213] = { "INVALID_HREF_TAG", "request", "a link in the text is wrong", "文本中的链接标签错误" },
  [40214] = { "INVALID_HREF_TEXT", "request", "a link's text is wrong", "链接文字错误" },
  [40215] = { "INVALID_IMAGE_COUNT", "request", "the number of pictures is wrong", "图片数量错误" },
  [40216] = { "INVALID_DESCRIPTION", "request", "the description is wrong", "描述错误" },
  [40217] = { "INVALID_VIDEO_COUNT", "request", "the number of videos is wrong", "视频数量错误" },
  [40218] = { "INVALID_VIDEO_ID", "request", "wrong video id", "视频 id 错误" },
  [40227] = { "TITLE_EMPTY", "request", "the title is missing", "缺少标题" },
  [40229] = { "COVER_MISSING", "request", "the media have no cover", "素材没有封面" },
  [40243] = { "APP_SECRET_FROZEN", "account", "the secret was frozen on the website", "AppSecret 已在后台冻结" },
  [40246] = { "TEMPLATE_DATA_INVALID", "request", "the template's data were refused", "模板数据被拒绝" },
  [40247] = { "TEMPLATE_KEYWORD_INVALID", "request", "a keyword's value was refused", "模板关键词的值被拒绝" },
  [40249] = {
    "TEMPLATE_CONTENT_RISKY", "request",
    "the template's content did not pass review",
    "模板内容未通过审核",
  },
  [40252] = {
    "TEMPLATE_CONTENT_IN_REVIEW", "done",
    "the template message is under review (about half an hour): nothing was sent yet, and there is no msgid",
    "模板内容进入审核（约半小时），尚未发出，也没有 msgid",
  },
  [41001] = { "MISSING_ACCESS_TOKEN", "token", "the access token is missing", "缺少 access_token" },
  [41002] = { "MISSING_APP_ID", "request", "the appid is missing", "缺少 appid" },
  [41003] = { "MISSING_REFRESH_TOKEN", "request", "the refresh_token is missing", "缺少 refresh_token" },
  [41004] = { "MISSING_APP_SECRET", "request", "the secret is missing", "缺少 secret" },
  [41005] = { "MISSING_MEDIA_DATA", "request", "the media file is missing", "缺少媒体文件" },
  [41006] = { "MISSING_MEDIA_ID", "request", "the media_id is missing", "缺少 media_id" },
  [41007] = { "MISSING_SUB_BUTTONS", "request", "the sub-buttons are missing", "缺少子菜单数据" },
  [41008] = { "MISSING_OAUTH_CODE", "oauth", "the code of the web authorisation is missing", "缺少网页授权 code" },
  [41009] = { "MISSING_OPENID", "request", "the openid is missing", "缺少 openid" },
  [41010] = { "MISSING_URL", "request", "the url is missing", "缺少链接" },
  [41011] = { "MISSING_FIELDS", "request", "required fields are missing", "缺少必填字段" },
  [41012] = { "MISSING_CARD_ID", "request", "the card_id is missing", "缺少 card_id" },
  [41013] = { "MISSING_CODE", "request", "the code is missing", "缺少 code" },
  [41018] = { "MISSING_COMPONENT_APPID", "request", "the component_appid is missing", "缺少 component_appid" },
  [41021] = {
    "MISSING_COMPONENT_TOKEN", "request",
    "the component_access_token is missing",
    "缺少 component_access_token",
  },
  [41025] = { "POI_LIST_EMPTY", "request", "the list of shops is empty", "门店列表为空" },
  [41028] = {
    "INVALID_FORM_ID", "user",
    "the form_id is wrong or has expired (mini programs)",
    "form_id 错误或已过期（小程序）",
  },
  [41029] = { "FORM_ID_USED", "user", "the form_id was used before (mini programs)", "form_id 已被使用（小程序）" },
  [41030] = { "INVALID_PAGE", "request", "the mini program has no such page", "小程序没有该页面" },
  [41039] = {
    "INVALID_CONTENT_SOURCE_URL", "request",
    "the article's content_source_url is not allowed",
    "文章的 content_source_url 不合法",
  },
  [42001] = { "EXPIRED_ACCESS_TOKEN", "token", "the access token has expired", "access_token 已过期" },
  [42002] = {
    "EXPIRED_REFRESH_TOKEN", "oauth",
    "the refresh_token of the web authorisation has expired",
    "网页授权 refresh_token 已过期",
  },
  [42003] = {
    "EXPIRED_OAUTH_CODE", "oauth",
    "the code of the web authorisation has expired",
    "网页授权 code 已过期",
  },
  [42006] = {
    "EXPIRED_COMPONENT_TOKEN", "token",
    "the component_access_token has expired",
    "component_access_token 已过期",
  },
  [42007] = {
    "EXPIRED_AUTHORIZATION", "oauth",
    "the user changed the password: the web tokens are void",
    "用户修改了密码，网页授权凭据失效",
  },
  [43001] = { "REQUIRE_GET", "request", "it must be a GET", "应使用 GET" },
  [43002] = { "REQUIRE_POST", "request", "it must be a POST", "应使用 POST" },
  [43003] = { "REQUIRE_HTTPS", "request", "it must be HTTPS", "应使用 HTTPS" },
  [43004] = { "REQUIRE_SUBSCRIBE", "user", "the user does not follow the account", "接收者没有关注公众号" },
  [43005] = { "REQUIRE_FRIEND", "user", "the user must be a friend", "需要好友关系" },
  [43007] = { "REQUIRE_BIZ_AUTHORIZE", "account", "the account has to allow it first", "需要公众号授权" },
  [43008] = { "REQUIRE_PAY_AUTH", "account", "it needs the right to payments", "需要支付权限" },
  [43009] = {
    "CUSTOM_SN_CODE_NEEDED", "account",
    "it needs the right to codes of one's own (cards)",
    "需要自定义卡券 code 权限",
  },
  [43010] = { "BALANCE_PERMISSION_NEEDED", "account", "it needs the right to balances (cards)", "需要卡券余额权限" },
  [43012] = {
    "CUSTOM_URL_NEEDS_AUTH", "account",
    "it needs the right to urls of one's own (cards)",
    "需要卡券自定义链接权限",
  },
  [43016] = { "ACCOUNT_NOT_VERIFIED", "account", "the account is not verified", "公众号未认证" },
  [43019] = { "REQUIRE_UNBLOCK_USER", "user", "the user is on the blacklist", "用户在黑名单中" },
  [43100] = { "OUT_OF_CHANGE_INDUSTRY_LIMIT", "quota", "industries change once a month", "行业每月只能修改一次（现已改为服务类目）" },
  [43101] = {
    "USER_REFUSED_SUBSCRIBE_MESSAGE", "user",
    "the user refused, or the subscription is used up",
    "用户拒绝接收或订阅次数已用完",
  },
  [43102] = { "NOT_SUBSCRIPTION_TEMPLATE", "request", "it is no template for subscriptions", "不是订阅模板" },
  [43103] = { "ONLY_CANCEL_SUBSCRIPTION", "request", "this API only cancels subscriptions", "该接口只能取消订阅" },
  [43104] = { "APPID_OPENID_MISMATCH", "user", "the openid belongs to another appid", "openid 与 appid 不匹配" },
  [43105] = { "NEWS_NOT_BOUND_TO_TEMPLATE", "request", "the article is not tied to the template", "文章未绑定模板" },
  [43106] = {
    "TEMPLATE_ADD_FORBIDDEN", "account",
    "the account may not add templates, as a punishment",
    "账号被处罚，不能添加模板",
  },
  [43116] = { "TEMPLATE_BLOCKED", "account", "the template is forbidden", "模板被封禁" },
  [44001] = { "EMPTY_MEDIA_DATA", "request", "the media file is empty", "媒体文件为空" },
  [44002] = { "EMPTY_POST_DATA", "request", "the body is empty", "请求正文为空" },
  [44003] = {
    "EMPTY_NEWS_DATA", "request", "the article is empty, or articles is no list", "图文内容为空，或 articles 不是数组",
  },
  [44004] = { "EMPTY_CONTENT", "request", "the text is empty", "文本内容为空" },
  [44005] = { "EMPTY_LIST_SIZE", "request", "the list is empty", "列表为空" },
  [44006] = { "EMPTY_FILE", "request", "the uploaded file is empty", "上传的文件为空" },
  [44007] = { "REPEATED_MSG_ID", "done", "the message's id was there before", "消息 id 重复" },
  [44990] = {
    "CALLS_TOO_FAST", "wait",
    "more than five calls in a second (rules for QR codes)",
    "每秒调用超过 5 次（扫普通链接二维码规则）",
  },
  [45001] = { "OUT_OF_MEDIA_SIZE_LIMIT", "request", "the file is too big", "文件超过大小限制" },
  [45002] = { "OUT_OF_CONTENT_SIZE_LIMIT", "request", "the message is too long", "消息内容过长" },
  [45003] = { "OUT_OF_TITLE_SIZE_LIMIT", "request", "the title is too long", "标题过长" },
  [45004] = {
    "OUT_OF_DESCRIPTION_SIZE_LIMIT", "request",
    "the description is too long; of a draft, the digest (128 characters)",
    "描述过长；草稿则为摘要超过 128 个字符",
  },
  [45005] = { "OUT_OF_URL_SIZE_LIMIT", "request", "the link is too long", "链接字段过长" },
  [45006] = { "OUT_OF_PIC_URL_SIZE_LIMIT", "request", "the picture's link is too long", "图片链接过长" },
  [45007] = { "OUT_OF_VOICE_TIME_LIMIT", "request", "voices last 60 s at most", "语音超过 60 秒" },
  [45008] = { "OUT_OF_ARTICLE_SIZE_LIMIT", "request", "too many articles", "图文条数超限" },
  [45009] = { "OUT_OF_API_FREQ_LIMIT", "quota", "the day's calls of this API are used up", "该接口当日调用次数已用完" },
  [45010] = { "OUT_OF_MENU_SIZE_LIMIT", "request", "too many menus", "菜单个数超限" },
  [45011] = { "API_MINUTE_QUOTA_REACH_LIMIT", "wait", "too many calls in a minute", "每分钟调用过于频繁" },
  [45012] = { "TEMPLATE_SIZE_LIMIT", "request", "the template is too big", "模板大小超限" },
  [45013] = { "TOO_MANY_TEMPLATE_ARGS", "request", "the template has too many arguments", "模板参数过多" },
  [45014] = { "TEMPLATE_MESSAGE_TOO_LONG", "request", "the template message is too long", "模板消息过长" },
  [45015] = {
    "OUT_OF_RESPONSE_TIME_LIMIT", "user",
    "the user did nothing in the last 48 hours: no customer service message is possible",
    "用户 48 小时内没有互动，不能下发客服消息",
  },
  [45016] = {
    "SYSTEM_GROUP_CANNOT_CHANGE", "request",
    "the platform's own groups cannot be changed",
    "系统分组不可修改",
  },
  [45017] = { "OUT_OF_GROUP_NAME_SIZE_LIMIT", "request", "the group's name is too long", "分组名称过长" },
  [45018] = { "OUT_OF_GROUP_SIZE_LIMIT", "request", "too many groups", "分组数量超限" },
  [45019] = { "TOO_MANY_OPENID", "request", "too many openids", "openid 过多" },
  [45020] = { "TOO_MANY_IMAGE", "request", "too many pictures", "图片过多" },
  [45021] = { "ARGUMENT_LENGTH", "request", "an argument is too long", "参数过长" },
  [45026] = {
    "OUT_OF_TEMPLATE_SIZE_LIMIT", "account",
    "the account has 25 templates already",
    "模板数量已达上限（25 个）",
  },
  [45027] = {
    "TEMPLATE_CONFLICT_WITH_INDUSTRY", "account",
    "the template is of no service category of the account",
    "模板与账号的服务类目不符",
  },
  [45028] = { "NO_MASS_QUOTA", "quota", "no broadcasts are left", "群发次数已用完" },
  [45029] = { "QRCODE_COUNT_LIMIT", "account", "the permanent QR codes are used up", "永久二维码已用完" },
  [45030] = { "CARD_FUNCTION_UNSUPPORTED", "request", "cards of this type cannot do this", "该类型卡券不支持此功能" },
  [45031] = { "OUT_OF_STOCK", "request", "no cards of this kind are left", "卡券库存不足" },
  [45033] = { "CARD_GET_LIMIT", "user", "the user has as many of this card as allowed", "用户领取该卡券已达上限" },
  [45034] = { "MEDIA_COUNT_LIMIT", "request", "too many media", "媒体数量超限" },
  [45035] = { "IP_FORBIDDEN", "account", "calls from this IP are not allowed", "IP 不被允许" },
  [45037] = {
    "TEMP_SESSION_EXPIRED", "user",
    "the temporary session has expired or never was",
    "临时会话已过期或不存在",
  },
  [45038] = {
    "USER_SUBSCRIBED_NO_TEMP_SESSION", "request",
    "the user follows: no temporary session is possible",
    "用户已关注，不能使用临时会话",
  },
  [45040] = { "MONTHLY_QUOTA_LIMIT", "quota", "the month's quota is used up", "当月配额已用完" },
  [45047] = {
    "OUT_OF_RESPONSE_COUNT_LIMIT", "quota",
    "too many customer service messages since the user's last action",
    "客服消息下发条数超限，需用户再次互动",
  },
  [45048] = { "MENU_INVALID_TYPE", "request", "the menu has a forbidden type", "菜单含禁用的类型" },
  [45050] = {
    "CUSTOM_MESSAGE_INVALID_TYPE", "request",
    "customer service messages of this type are forbidden",
    "客服消息类型被禁用",
  },
  [45052] = { "MASS_INVALID_TYPE", "request", "broadcasts of this type are forbidden", "群发消息类型被禁用" },
  [45056] = { "OUT_OF_TAG_COUNT_LIMIT", "request", "the account has 100 tags already", "标签数量已达上限（100 个）" },
  [45057] = {
    "TAG_HAS_TOO_MANY_USERS", "request",
    "over 100,000 users have the tag: it cannot be removed at once",
    "该标签粉丝超过 10 万，不能直接删除",
  },
  [45058] = {
    "SYSTEM_TAG_CANNOT_CHANGE", "request",
    "tags 0, 1 and 2 are the platform's",
    "系统标签 0、1、2 不可修改",
  },
  [45059] = { "OUT_OF_USER_TAG_LIMIT", "user", "the user has 20 tags already", "用户标签已达上限（20 个）" },
  [45060] = { "MEDIA_IN_USE", "request", "a menu or an automatic reply uses it", "素材正被菜单或自动回复使用" },
  [45061] = { "UPDATE_TOO_OFTEN", "wait", "changed too often", "更新过于频繁" },
  [45064] = {
    "WEAPP_IN_MENU_NOT_LINKED", "account",
    "the menu has a mini program that is not tied to the account",
    "菜单含未关联的小程序",
  },
  [45065] = {
    "CLIENTMSGID_EXIST", "done",
    "this clientmsgid was sent within the last day; the answer has its msg_id",
    "该 clientmsgid 24 小时内已群发过，返回原 msg_id",
  },
  [45066] = {
    "CLIENTMSGID_RETRY_TOO_FAST", "wait",
    "this clientmsgid was tried less than a minute ago",
    "同一 clientmsgid 一分钟内重试过",
  },
  [45067] = {
    "CLIENTMSGID_TOO_LONG", "request",
    "a clientmsgid has 64 bytes at most",
    "clientmsgid 超过 64 字节",
  },
  [45068] = { "FILE_SIZE_LIMIT", "request", "the file is too big for this", "文件大小超限" },
  [45072] = { "INVALID_TYPING_COMMAND", "request", "the typing command is wrong", "输入状态命令错误" },
  [45074] = { "MATERIAL_COUNT_LIMIT", "account", "too many materials: remove some", "素材数量超限，请先删除" },
  [45078] = { "ILLEGAL_NICKNAME", "request", "the nickname is not allowed", "昵称不合法" },
  [45079] = { "FORBIDDEN_NICKNAME", "request", "the nickname has a forbidden word", "昵称含禁用词" },
  [45080] = {
    "TYPING_NEEDS_RECENT_MESSAGE", "user",
    "nothing was said to this user just before",
    "近期与用户没有消息往来，不能显示输入状态",
  },
  [45081] = { "ALREADY_TYPING", "done", "it shows as typing already", "已处于输入状态" },
  [45082] = { "ICP_NEEDED", "account", "the domain has no ICP licence", "域名没有 ICP 备案" },
  [45083] = { "INVALID_SPEED", "request", "the speed is 0 to 4", "群发速度应为 0 至 4" },
  [45084] = { "MISSING_SPEED", "request", "the speed is missing", "缺少群发速度" },
  [45085] = { "SPEED_SERVER_ERROR", "retry", "the service for speeds failed", "群发速度服务出错" },
  [45086] = {
    "INVALID_MINIPROGRAM_ATTRIBUTE", "request",
    "data-miniprogram-appid in the text is wrong",
    "文本中的 data-miniprogram-appid 错误",
  },
  [45087] = {
    "CUSTOM_MESSAGE_BLOCKED", "account",
    "the account's customer service messages are blocked",
    "账号的客服消息被封禁",
  },
  [45093] = { "NO_SEND_QUOTA", "quota", "nothing is left to send", "没有可用的下发额度" },
  [45094] = {
    "CUSTOM_MESSAGE_PUNISHED", "account",
    "messages to users who enter are forbidden",
    "进入会话的客服消息被处罚禁用",
  },
  [45098] = { "MSGMENU_LIST_LIMIT", "request", "the choices of a msgmenu are too many", "msgmenu 选项过多" },
  [45099] = { "MSGMENU_ITEM_LIMIT", "request", "a choice of a msgmenu is too long", "msgmenu 选项过长" },
  [45101] = { "UPLOAD_LIMIT", "quota", "no uploads are left", "上传次数已达上限" },
  [45102] = { "API_TEMPORARILY_BLOCKED", "quota", "the API is blocked for a while", "接口暂时被封禁" },
  [45103] = { "API_UNSUPPORTED", "request", "the API is gone", "接口已不支持" },
  [45104] = { "DOMAIN_QUOTA", "account", "too many domains", "域名数量超限" },
  [45106] = {
    "API_WITHDRAWN_MATERIAL_NEWS", "request",
    "articles as material ended on 2022-02-28: use drafts (wechat.draft.add)",
    "图文素材接口已于 2022-02-28 下线，请使用草稿箱（wechat.draft.add）",
  },
  [45110] = {
    "AUTHOR_TOO_LONG", "request",
    "the article's author has over 16 characters",
    "文章作者超过 16 个字符",
  },
  [45157] = { "INVALID_TAG_NAME", "request", "the tag's name is not allowed, or taken", "标签名不合法或已存在" },
  [45158] = { "TAG_NAME_TOO_LONG", "request", "the tag's name has over 30 bytes", "标签名超过 30 字节" },
  [45159] = { "INVALID_TAG_ID", "request", "wrong tag id", "标签 id 错误" },
  [45164] = { "INVALID_OFFSET", "request", "wrong offset", "offset 错误" },
  [45165] = { "INVALID_LIMIT", "request", "wrong limit", "limit 错误" },
  [45166] = {
    "INVALID_CONTENT", "request",
    "the article has links or HTML that are not allowed, or the text of a newspic has over 1000 characters",
    "文章内容不合法（链接或 HTML），或图片消息（newspic）的文字超过约 1000 字",
  },
  [45168] = { "KEYWORD_BLACKLISTED", "request", "the text has a forbidden word", "文本含禁用词" },
  [45501] = {
    "APP_TEMPORARILY_BLOCKED", "quota",
    "requests of this account are blocked for a while",
    "该账号的请求暂时被封禁",
  },
  [46001] = { "MEDIA_DATA_NO_EXIST", "request", "there are no such media", "媒体数据不存在" },
  [46002] = { "MENU_VERSION_NOT_EXIST", "done", "there is no such menu version", "菜单版本不存在" },
  [46003] = { "MENU_NO_EXIST", "done", "there is no menu", "菜单不存在" },
  [46004] = { "USER_NOT_EXIST", "user", "there is no such user", "用户不存在" },
  [46005] = { "POI_NOT_EXIST", "request", "there is no such shop", "门店不存在" },
  [46009] = { "NO_USER_DATA", "user", "there is nothing about this user", "没有该用户的数据" },
  [46101] = { "API_WITHDRAWN_2020", "request", "the API ended on 2020-01-11", "接口已于 2020-01-11 下线" },
  [47001] = {
    "DATA_FORMAT_ERROR", "request",
    "JSON or XML does not parse, often for its encoding",
    "JSON 或 XML 无法解析（常见原因是编码错误）",
  },
  [47002] = {
    "JSON_UNICODE_ESCAPE", "request",
    "JSON must be UTF-8 without \\u escapes",
    "JSON 应为 UTF-8 原文，不能用 \\u 转义",
  },
  [47003] = {
    "INVALID_TEMPLATE_ARGUMENT", "request",
    "a template's field is empty or breaks its rule; errmsg names it",
    "模板参数为空或不符合规则，errmsg 中有名称",
  },
  [47009] = {
    "API_OFFLINE", "request",
    "the endpoint is gone (old statistics of articles)",
    "接口已下线（旧版图文统计）",
  },
  [48001] = {
    "UNAUTHORIZED_API", "account",
    "the account has no right to this API: not verified, or of another type (freepublish: taken from persons' \z
      and unverified accounts in July 2025)",
    "没有该接口权限（未认证或账号类型不符；2025 年 7 月起个人与未认证账号不能再用发布接口）",
  },
  [48002] = { "USER_BLOCK_MESSAGE", "user", "the user turned messages off", "用户关闭了消息接收" },
  [48003] = {
    "USER_NOT_AGREE_PROTOCOL", "account",
    "the administrator has not accepted the terms of broadcasting",
    "管理员未同意群发协议",
  },
  [48004] = { "API_BANNED", "account", "the API is forbidden for this account", "接口被封禁" },
  [48005] = {
    "API_DELETE_PROHIBITED", "request",
    "a menu or an automatic reply uses the material",
    "素材被菜单或自动回复引用，不能删除",
  },
  [48006] = { "OUT_OF_RESET_LIMIT", "quota", "the month's resets are used up", "当月清零次数已用完" },
  [48008] = {
    "NO_PERMISSION_FOR_THIS_MSGTYPE", "account",
    "the account has no right to messages of this type",
    "没有该类型消息的权限",
  },
  [48009] = { "API_EXPIRED", "request", "the API is out of date and gone", "接口已过期下线" },
  [48010] = { "MATERIAL_MODIFY_FORBIDDEN", "request", "the material cannot be changed", "素材不可修改" },
  [48011] = { "TEMPLATE_DISABLED", "account", "the template_id is turned off", "template_id 已停用" },
  [48013] = {
    "VIDEO_NOT_FROM_NEW_API", "request",
    "the video has to be uploaded by the newer API",
    "群发视频需用新接口上传",
  },
  [48014] = { "VIDEO_AUDIT_STATE", "request", "the video was not approved, or waits for it", "视频审核未通过或正在审核" },
  [48015] = { "NO_COMMENT_PERMISSION", "account", "the account has no comments", "账号没有留言功能" },
  [49001] = {
    "APPID_MISMATCH", "account",
    "appid and access token do not belong together",
    "appid 与 access_token 不匹配",
  },
  [49003] = { "OPENID_APPID_MISMATCH", "user", "the openid is of another appid", "openid 与 appid 不匹配" },
  [50001] = { "USER_UNAUTHORIZED", "account", "the user did not allow this", "用户未授权该接口" },
  [50002] = { "USER_LIMITED", "account", "the account is restricted after breaking the rules", "账号因违规受限" },
  [50003] = { "USER_UNEXPECTED", "user", "the user is not on the test list", "用户不在测试名单中" },
  [50004] = { "CONTENT_FORBIDDEN", "account", "the platform's risk control refused it", "请求被风控拒绝" },
  [50005] = { "UNSUBSCRIBE_OFFICIAL_ACCOUNT", "user", "the user does not follow", "用户未关注公众号" },
  [50007] = { "ACCOUNT_FROZEN", "account", "the account is frozen", "账号已冻结" },
  [53404] = {
    "PRODUCT_SELLING_RESTRICTED", "account",
    "the account may not sell: take the product out",
    "账号被限制带货，请移除商品",
  },
  [53405] = { "PRODUCT_INVALID", "request", "the product is wrong", "商品信息错误" },
  [53406] = { "PRODUCT_SELLING_NOT_OPENED", "account", "selling is not turned on", "未开通带货能力" },
  [53500] = { "PUBLISH_LIMITED", "account", "the account may not publish", "账号被禁止发布" },
  [53501] = { "OUT_OF_PUBLISH_LIMIT", "quota", "published too often", "发布过于频繁" },
  [53502] = { "INVALID_PUBLISH_ID", "request", "wrong publish_id", "publish_id 错误" },
  [53503] = { "DRAFT_NOT_READY", "request", "the draft did not pass the check", "草稿未通过发布检查" },
  [53504] = {
    "PUBLISH_NEEDS_WEBSITE", "account",
    "the draft has to be published on the website",
    "草稿需到官网发布",
  },
  [53505] = { "PUBLISH_NEEDS_MANUAL_SAVE", "account", "the draft has to be saved by hand first", "请先手动保存草稿" },
  [53600] = { "INVALID_ARTICLE_ID", "request", "wrong article_id", "article_id 错误" },
  [61003] = {
    "UNAUTHORIZED_COMPONENT", "account",
    "the account did not authorise the third-party platform",
    "公众号未授权给第三方平台",
  },
  [61004] = {
    "COMPONENT_IP_NOT_REGISTERED", "account",
    "the caller's IP is not in the third-party platform's whitelist",
    "调用方 IP 不在第三方平台白名单内",
  },
  [61005] = {
    "COMPONENT_TICKET_EXPIRED", "request",
    "the third-party platform's ticket has expired: use the one pushed last",
    "第三方平台 ticket 已过期，请使用最近推送的",
  },
  [61006] = {
    "COMPONENT_TICKET_INVALID", "request",
    "the third-party platform's ticket is wrong",
    "第三方平台 ticket 错误",
  },
  [61007] = {
    "UNAUTHORIZED_COMPONENT_API", "account",
    "the account did not give the third-party platform this right",
    "该接口未授权给第三方平台",
  },
  [61009] = {
    "COMPONENT_CODE", "request",
    "the authorisation code of the third-party platform is wrong",
    "第三方平台授权码错误",
  },
  [61010] = {
    "COMPONENT_CODE_EXPIRED", "request",
    "the authorisation code of the third-party platform has expired: have the account authorise again",
    "第三方平台授权码已过期，请让公众号重新授权",
  },
  [61023] = {
    "INVALID_COMPONENT_REFRESH_TOKEN", "account",
    "wrong authorizer_refresh_token",
    "authorizer_refresh_token 错误",
  },
  [61028] = {
    "COMPONENT_UNPUBLISHED", "account",
    "the third-party platform is not published",
    "第三方平台尚未全网发布",
  },
  [61450] = {
    "SYSTEM_ERROR_KF", "retry",
    "an internal error (customer service, statistics)",
    "系统错误（客服、数据统计）",
  },
  [61451] = { "ERROR_PARAMETER", "request", "wrong parameter", "参数有误" },
  [61452] = { "INVALID_KF_ACCOUNT", "request", "there is no such member of staff", "客服账号不存在" },
  [61453] = { "KF_ACCOUNT_EXISTED", "done", "the member of staff is there already", "客服账号已存在" },
  [61454] = {
    "INVALID_KF_ACCOUNT_LENGTH", "request",
    "a member's name has ten characters at most",
    "客服账号名超过 10 个字符",
  },
  [61455] = {
    "ILLEGAL_CHARTER_IN_KF_ACCOUNT", "request",
    "a member's name has letters and digits only",
    "客服账号名只能含字母和数字",
  },
  [61456] = { "KF_ACCOUNT_EXCEEDED", "request", "too many members of staff", "客服账号数量超限" },
  [61457] = { "INVALID_AVATAR_FILE_TYPE", "request", "a picture of this type is not taken", "头像文件类型错误" },
  [61500] = { "DATE_FORMAT_ERROR", "request", "wrong date", "日期格式错误" },
  [61501] = { "DATE_RANGE_ERROR", "request", "the dates are too far apart, or to come", "日期范围错误" },
  [61502] = { "DATA_NOT_SUPPORTED", "account", "the account has no such statistics", "账号没有该数据接口" },
  [61503] = { "DATA_NOT_READY", "quota", "the numbers are not ready yet", "统计数据尚未就绪" },
  [62751] = {
    "RECEIVER_BLACKLISTED", "user",
    "the receiver is on the account's blacklist",
    "接收者在公众号黑名单中",
  },
  [63001] = { "MISSING_PARAMETER", "request", "a parameter is empty", "部分参数为空" },
  [63002] = { "INVALID_JS_SDK_SIGNATURE", "request", "the JS-SDK's signature is wrong", "JS-SDK 签名错误" },
  [63178] = { "CHANGEOPENID_APPID_WRONG", "request", "from_appid is wrong", "from_appid 错误" },
  [63179] = { "CHANGEOPENID_LIMIT", "request", "too many openids to change", "转换的 openid 过多" },
  [63182] = { "CHANGEOPENID_EMPTY", "request", "no openids to change", "转换的 openid 列表为空" },
  [65115] = { "STORE_NOT_EXIST", "request", "there is no such shop (mini program)", "门店不存在" },
  [65118] = {
    "INVALID_STORE_STATUS", "request",
    "the shop's state does not allow this",
    "门店状态不允许此操作",
  },
  [65301] = { "INVALID_MENU_ID", "done", "there is no such personalised menu", "个性化菜单不存在" },
  [65302] = { "NO_SUCH_MENU_USER", "user", "the menu has no such user", "没有该用户" },
  [65303] = { "THERE_IS_NO_SELFMENU", "request", "a common menu has to be made first", "请先创建默认菜单" },
  [65304] = { "MATCH_RULE_EMPTY", "request", "matchrule is empty", "matchrule 为空" },
  [65305] = { "MENU_COUNT_LIMIT", "request", "too many personalised menus", "个性化菜单数量超限" },
  [65306] = {
    "INVALID_ACCOUNT_FOR_MENU", "account",
    "accounts of this type have no personalised menus",
    "账号类型不支持个性化菜单",
  },
  [65307] = { "EMPTY_MENU", "request", "the personalised menu is empty", "个性化菜单为空" },
  [65308] = { "BUTTON_MISSING_RESPONSE", "request", "a button does nothing", "按钮没有响应类型" },
  [65309] = { "DISABLE_MENU", "account", "personalised menus are turned off", "个性化菜单已关闭" },
  [65310] = { "MISSING_COUNTRY", "request", "a region without a country", "填写省份时缺少国家" },
  [65311] = { "MISSING_PROVINCE", "request", "a city without a region", "填写城市时缺少省份" },
  [65312] = { "INVALID_COUNTRY", "request", "wrong country", "国家信息错误" },
  [65313] = { "INVALID_PROVINCE", "request", "wrong region", "省份信息错误" },
  [65314] = { "INVALID_CITY_INFO", "request", "wrong city", "城市信息错误" },
  [65315] = { "NOT_A_FOLLOWER", "user", "the user follows no more", "该用户不是粉丝" },
  [65316] = {
    "DOMAIN_COUNT_REACH_LIMIT", "request",
    "the menu leads to more than three domains",
    "菜单外链域名超过三个",
  },
  [65317] = { "INVALID_MENU_URL", "request", "wrong url", "链接不合法" },
  [65318] = { "UTF8_NEEDED", "request", "the body must be UTF-8", "请求正文应为 UTF-8" },
  [65319] = { "MENU_CREATE_FORBIDDEN", "account", "the account may not make menus", "账号不允许创建菜单" },
  [65400] = { "NEW_KF_NOT_ENABLED", "account", "the newer customer service is not turned on", "未启用新版客服功能" },
  [65401] = { "INVALID_KF_ACCOUNT_NEW", "request", "wrong member of staff", "客服账号无效" },
  [65402] = { "KF_NOT_BOUND", "account", "the member of staff has no WeChat id", "客服账号未绑定微信号" },
  [65403] = { "INVALID_KF_NICKNAME", "request", "wrong nickname", "客服昵称不合法" },
  [65404] = { "INVALID_KF_ACCOUNT_FORMAT", "request", "wrong form of a member's account", "客服账号格式不合法" },
  [65405] = { "KF_COUNT_LIMIT", "request", "the account has 100 members of staff already", "客服账号已达 100 个" },
  [65406] = { "KF_ACCOUNT_EXISTS", "done", "the member of staff exists", "客服账号已经存在" },
  [65407] = { "KF_ALREADY_WORKER", "done", "the user is on your staff already", "该微信号已是本公众号客服" },
  [65408] = { "KF_INVITE_EXISTS", "done", "the user was invited already", "已向该微信号发出邀请" },
  [65409] = { "INVALID_WECHAT_ID_KF", "request", "wrong WeChat id of the user invited", "邀请的微信号错误" },
  [65410] = { "KF_BIND_LIMIT", "request", "the user is on the staff of too many accounts", "该微信号绑定的客服过多" },
  [65411] = { "KF_INVITE_PENDING", "wait", "an invitation for this member still stands", "该客服账号有未处理的邀请" },
  [65412] = { "KF_ALREADY_BOUND", "done", "the member of staff has a WeChat id already", "客服账号已绑定微信号" },
  [65413] = { "KF_NO_SESSION", "done", "the user has no session", "用户没有会话" },
  [65414] = { "KF_SERVED_BY_OTHER", "user", "somebody else looks after the user", "其他客服正在接待该用户" },
  [65415] = { "KF_OFFLINE", "wait", "the member of staff is not online", "客服不在线" },
  [65416] = { "KF_INVALID_PARAM", "request", "wrong parameter of customer service", "客服接口参数错误" },
  [65417] = { "KF_TIME_SPAN", "request", "the time span is too long", "时间跨度过长" },
  [72015] = { "INVOICE_NOT_AUTHORIZED", "account", "the account has no right to invoices", "没有电子发票权限" },
  [72018] = { "INVOICE_DUPLICATE_ORDER", "done", "the order's invoice is there already", "该订单的发票已插入" },
  [72023] = { "INVOICE_LOCKED", "user", "somebody else locked the invoice", "发票已被他人锁定" },
  [72024] = { "INVOICE_STATUS_ERROR", "request", "the invoice's state does not allow this", "发票状态不允许此操作" },
  [72028] = { "INVOICE_NO_PAY_MCH", "account", "no merchant was set", "未设置支付商户号" },
  [72029] = {
    "INVOICE_NO_AUTH_FIELD", "account",
    "the fields of the authorisation page were not set",
    "未设置授权页字段",
  },
  [72036] = { "INVOICE_BUSY", "retry", "invoices are busy", "发票系统繁忙" },
  [72038] = { "INVOICE_ORDER_NOT_AUTHORIZED", "user", "the order was not authorised", "订单未授权" },
  [72063] = { "INVOICE_NO_CONTACT", "account", "no contact was set", "未设置商户联系方式" },
  [76001] = { "RID_NOT_FOUND", "request", "there is no such rid", "rid 不存在" },
  [76002] = { "RID_EMPTY_OR_INVALID", "request", "the rid is empty or malformed", "rid 为空或格式错误" },
  [76003] = {
    "RID_NOT_YOURS_OR_BAD_PATH", "request",
    "the rid is another account's; for quotas: wrong cgi_path",
    "rid 不属于本账号；配额接口则为 cgi_path 错误",
  },
  [76004] = { "RID_EXPIRED", "request", "the rid is over seven days old", "rid 已超过 7 天" },
  [76021] = { "CGI_PATH_NOT_FOUND", "request", "there is no such cgi_path", "cgi_path 不存在" },
  [76022] = {
    "CGI_PATH_NO_PERMISSION", "request",
    "the account has no right to this cgi_path",
    "没有该 cgi_path 的权限",
  },
  [85066] = {
    "JUMP_INVALID_PREFIX", "request",
    "the prefix of the rule for QR codes is wrong",
    "二维码规则的前缀错误",
  },
  [85070] = {
    "JUMP_URL_BLOCKED", "request",
    "the address of the rule for QR codes is on the blacklist",
    "二维码规则的链接在黑名单中",
  },
  [85071] = {
    "JUMP_RULE_EXISTS", "done",
    "the rule for QR codes is there already",
    "二维码规则已添加过",
  },
  [85072] = {
    "JUMP_URL_TAKEN", "request",
    "the address of the rule for QR codes belongs to somebody else",
    "二维码规则的链接已被占用",
  },
  [85073] = {
    "JUMP_RULE_LIMIT", "account",
    "too many rules for QR codes",
    "二维码规则数量已达上限",
  },
  [85074] = {
    "JUMP_WEAPP_NOT_RELEASED", "account",
    "the mini program has to be released first",
    "小程序尚未发布",
  },
  [85075] = {
    "JUMP_WEAPP_PERSONAL", "account",
    "rules for QR codes are not for a person's mini program",
    "个人主体小程序不能设置二维码规则",
  },
  [85095] = {
    "JUMP_RULE_BROKEN", "request",
    "the rule for QR codes is broken: remove it and add it again",
    "二维码规则异常，请删除后重新添加",
  },
  [87009] = { "INVALID_SIGNATURE", "request", "wrong signature", "签名错误" },
  [87014] = { "RISKY_CONTENT", "request", "the content is not safe", "内容含违规信息" },
  [88000] = { "COMMENT_NO_PRIVILEGE", "account", "the account has no right to comments", "没有留言权限" },
  [88001] = { "COMMENT_MSG_DATA_NOT_EXIST", "request", "there is no such msg_data_id", "msg_data_id 不存在" },
  [88002] = { "COMMENT_ARTICLE_LIMITED", "account", "the article is restricted for safety", "文章因安全原因受限" },
  [88003] = { "COMMENT_ELECT_LIMIT", "request", "too many featured comments", "精选留言数量超限" },
  [88004] = { "COMMENT_DELETED_BY_USER", "done", "its author removed the comment", "留言已被用户删除" },
  [88005] = { "COMMENT_ALREADY_REPLIED", "done", "the comment has an answer already", "留言已回复" },
  [88007] = { "COMMENT_REPLY_LENGTH", "request", "the answer is empty or too long", "回复为空或过长" },
  [88008] = { "COMMENT_NOT_EXIST", "done", "there is no such comment", "留言不存在" },
  [88009] = { "REPLY_NOT_EXIST", "done", "there is no such answer", "回复不存在" },
  [88010] = { "COMMENT_COUNT_RANGE", "request", "count is 1 to 50", "数量应为 1 至 50" },
  [88011] = { "COMMENT_ARTICLE_LIMITED_2", "account", "the article is restricted", "文章受限" },
  [89000] = {
    "OPEN_BOUND", "request",
    "the account is bound to an open platform account already",
    "账号已绑定开放平台账号",
  },
  [89001] = {
    "OPEN_OTHER_OWNER", "account",
    "the account and the open platform account have different owners",
    "账号与开放平台账号主体不同",
  },
  [89002] = {
    "OPEN_NOT_BOUND", "request",
    "the account is bound to no open platform account",
    "账号未绑定开放平台账号",
  },
  [89003] = {
    "OPEN_NOT_BY_API", "account",
    "the open platform account was not made by API, and cannot be changed by it",
    "该开放平台账号不是通过接口创建的，不能通过接口修改",
  },
  [89004] = {
    "OPEN_LIMIT", "account",
    "the open platform account has 100 accounts already",
    "开放平台账号绑定的账号已达 100 个",
  },
  [89501] = {
    "IP_CONFIRM_PENDING", "account",
    "the administrator is being asked about another IP",
    "另一个 IP 正等待管理员确认",
  },
  [89502] = { "IP_CONFIRM_WAIT", "account", "wait for the administrator", "请等待管理员确认" },
  [89503] = { "IP_NEEDS_ADMIN", "account", "the administrator has to confirm this IP", "该 IP 需要管理员确认" },
  [89504] = { "IP_CONFIRM_WAIT_2", "account", "the administrator was asked: wait", "已请求管理员确认，请等待" },
  [89505] = { "IP_CONFIRM_WAIT_3", "account", "the administrator has not answered yet", "管理员尚未确认" },
  [89506] = {
    "IP_REFUSED_24H", "quota",
    "the administrator refused this IP: locked for a day",
    "管理员拒绝了该 IP，24 小时内不可再试",
  },
  [89507] = {
    "IP_REFUSED_1H", "quota",
    "the administrator refused this IP: locked for an hour",
    "管理员拒绝了该 IP，1 小时内不可再试",
  },
  [200011] = {
    "SUBSCRIBE_ACCOUNT_BANNED", "account",
    "the account may not use subscription templates, as a punishment",
    "账号被封禁，无法使用订阅通知模板",
  },
  [200012] = {
    "SUBSCRIBE_TEMPLATE_LIMIT", "account",
    "the account has 25 subscription templates already",
    "订阅通知模板已达 25 个",
  },
  [200013] = {
    "SUBSCRIBE_TEMPLATE_BANNED", "account",
    "this subscription template is banned: choose another",
    "该订阅通知模板被封禁，请更换",
  },
  [200014] = {
    "SUBSCRIBE_INVALID_TID", "request",
    "the tid of the subscription template is wrong",
    "订阅通知模板 tid 错误",
  },
  [200016] = {
    "SUBSCRIBE_INVALID_START", "request",
    "start is wrong (subscription templates)",
    "订阅通知模板的 start 错误",
  },
  [200017] = {
    "SUBSCRIBE_INVALID_LIMIT", "request",
    "limit is wrong (subscription templates)",
    "订阅通知模板的 limit 错误",
  },
  [200018] = {
    "SUBSCRIBE_IDS_MISSING", "request",
    "the ids of the categories are missing (subscription templates)",
    "缺少订阅通知类目 ids",
  },
  [200019] = {
    "SUBSCRIBE_INVALID_IDS", "request",
    "the ids of the categories are wrong (subscription templates)",
    "订阅通知类目 ids 错误",
  },
  [200020] = {
    "SUBSCRIBE_INVALID_KIDLIST", "request",
    "kidList is wrong (subscription templates)",
    "订阅通知关键词列表 kidList 错误",
  },
  [200021] = {
    "SUBSCRIBE_INVALID_SCENEDESC", "request",
    "sceneDesc is wrong (subscription templates)",
    "订阅通知场景描述 sceneDesc 错误",
  },
  [886001] = {
    "JUMP_SYSTEM_BUSY", "retry",
    "the platform is busy (rules for QR codes)",
    "二维码规则服务繁忙",
  },
  [9001001] = { "INVALID_POST_DATA", "request", "wrong body", "请求正文错误" },
  [9001002] = { "REMOTE_SERVICE_UNAVAILABLE", "retry", "a server behind the platform is away", "后端服务不可用" },
  [9001003] = { "INVALID_TICKET", "request", "wrong ticket", "ticket 错误" },
  [9001004] = { "GET_USER_FAILED", "retry", "the user could not be found out", "获取摇一摇用户失败" },
  [9001005] = { "GET_MERCHANT_FAILED", "retry", "the merchant could not be found out", "获取商户信息失败" },
  [9001006] = { "GET_OPENID_FAILED", "retry", "the openid could not be found out", "获取 openid 失败" },
  [9001007] = { "UPLOAD_FILE_MISSING", "request", "the file is missing", "缺少上传文件" },
  [9001008] = { "UPLOAD_FILE_TYPE_ERROR", "request", "files of this type are not taken here", "上传文件类型错误" },
  [9001009] = { "UPLOAD_FILE_SIZE_ERROR", "request", "files of this size are not taken", "上传文件大小错误" },
  [9001010] = { "UPLOAD_FAILED", "retry", "the upload failed", "上传失败" },
  [9001020] = { "INVALID_ACCOUNT", "account", "wrong account", "账号错误" },
  [9001021] = {
    "ACTIVE_DEVICE_LESS_THAN_HALF", "account",
    "fewer than half of the devices are in use: no new ones",
    "激活设备不足一半，不能申请新设备",
  },
  [9001022] = { "INVALID_DEVICE_COUNT", "request", "the number of devices must be above zero", "设备数量应大于零" },
  [9001023] = { "DEVICE_ID_EXISTED", "wait", "an application is still under review", "已有申请在审核中" },
  [9001024] = { "OUT_OF_DEVICE_QUERY_LIMIT", "request", "a query has 50 devices at most", "每次最多查询 50 个设备" },
  [9001025] = { "INVALID_DEVICE_ID", "request", "wrong device id", "设备 id 错误" },
  [9001026] = { "INVALID_PAGE_ID", "request", "wrong page id", "页面 id 错误" },
  [9001027] = { "INVALID_PAGE_PARAMETER", "request", "wrong parameter of a page", "页面参数错误" },
  [9001028] = {
    "OUT_OF_PAGE_DELETE_LIMIT", "request",
    "ten pages at most are removed at once",
    "每次最多删除 10 个页面",
  },
  [9001029] = { "PAGE_APPLIED_IN_DEVICE", "request", "devices still show the page", "页面仍关联着设备" },
  [9001030] = { "OUT_OF_PAGE_QUERY_LIMIT", "request", "a query has 50 pages at most", "每次最多查询 50 个页面" },
  [9001031] = { "INVALID_TIME_RANGE", "request", "wrong time range", "时间范围错误" },
  [9001032] = {
    "BIND_DEVICE_PAGE_PARAMETER_ERROR", "request",
    "wrong tie of device and page",
    "设备与页面的关联参数错误",
  },
  [9001033] = { "INVALID_LOCATION_ID", "request", "wrong id of a shop", "门店 id 不正确" },
  [9001034] = {
    "OUT_OF_DEVICE_DESC_LENGTH_LIMIT", "request",
    "what is noted about the device is too long",
    "设备备注过长",
  },
  [9001035] = { "INVALID_DEVICE_PARAMETER", "request", "wrong application for devices", "设备申请参数错误" },
  [9001036] = { "INVALID_BEGIN", "request", "wrong begin", "begin 错误" },
  [9300801] = { "GUIDE_INVALID_WECHAT_ID", "request", "wrong WeChat id of a guide", "导购微信号错误" },
  [9300802] = { "GUIDE_NOT_ENABLED", "account", "guides are not turned on", "未开通导购功能" },
  [9300803] = { "GUIDE_EXISTS", "done", "the user is a guide already", "已经是导购" },
  [9300804] = { "GUIDE_NOT_EXIST", "request", "there is no such guide", "导购不存在" },
  [9300805] = { "GUIDE_BUYER_BOUND", "user", "the customer is another guide's", "客户已绑定其他导购" },
  [9300806] = { "GUIDE_NO_RELATION", "user", "guide and customer are not tied", "导购与客户没有绑定关系" },
  [9300810] = {
    "GUIDE_NICKNAME_TOO_LONG", "request",
    "a guide's nickname has 16 characters at most",
    "导购昵称超过 16 个字符",
  },
  [9300812] = { "GUIDE_LIMIT", "request", "too many guides", "导购数量超限" },
}

local errcodes = {}

---@class ErrorCode
---@field code integer
---@field symbol string
---@field meaning string
---@field meaning_zh string
---@field action string what to do
---@field action_zh string
---@field kind "ok"|"retry"|"wait"|"quota"|"token"|"oauth"|"done"|"user"|"request"|"account"
---@field retryable boolean the same call may succeed later

--- The entry of a code; nil if it is unknown.
---@param code integer
---@return ErrorCode?
function errcodes.find(code)
  local row = codes[code]
  if not row then return nil end
  local kind, special = actions[row[2]], advice[code] or actions[row[2]]
  return {
    code = code, symbol = row[1], kind = row[2], meaning = row[3], meaning_zh = row[4], action = special[1],
    action_zh = special[2], retryable = kind.again or false,
  }
end

--- All codes, in order.
---@return integer[]
function errcodes.list()
  local list = {}
  for code in pairs(codes) do list[#list + 1] = code end
  table.sort(list)
  return list
end

--- The hint of an error: meaning and remedy, in one line.
---@param code integer
---@return string
function errcodes.hint(code)
  local known = errcodes.find(code)
  if not known then return "an error code that is not known here: look it up in the platform's documents" end
  return known.meaning .. ": " .. known.action
end

---@param code integer
---@return boolean
function errcodes.retryable(code)
  local row = codes[code]
  return row ~= nil and actions[row[2]].again or false
end

return errcodes
