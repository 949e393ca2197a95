-- The Chinese of what the catalogue and the method tables say of fields, parameters and endpoints, by the English text.
-- A test ensures that every English text has its Chinese here, or is one of the forms below.

local texts = {
  -- ---- parameters of wechat's own functions
  ["a string or a reply; it answers the current message"] = "字符串或回复；它就是对当前消息的回答",
  ["{timeout_s = 600, events = false}"] = "默认 {timeout_s = 600, events = false}",
  ["GET, POST, UPLOAD or DOWNLOAD"] = "GET、POST、UPLOAD 或 DOWNLOAD",
  ["from the host on, without a query"] = "主机名之后的部分，不带查询",
  ["of an UPLOAD the form, its open files among the fields"] = "UPLOAD 时是表单，打开的文件也是其中的字段",
  ["minute, hour, day of month, month, day of week"] = "分、时、日、月、星期",
  ['seconds, or "10m", "1h30m"'] = '秒数，或 "10m"、"1h30m"',
  ["the account's own"] = "帐号自己的",
  ["zh_CN, zh_TW or en"] = "zh_CN、zh_TW 或 en",
  ["to this agent alone"] = "只转给这位客服",
  ["to begin with: as create_menu takes it, or as the platform gives it"] = "从它开始：create_menu 收的样子，或平台给的样子",
  ["as built, as create_menu takes it, or as the platform gives it"] = "构建器，或 create_menu 收的样子，或平台给的样子",
  ["the body of a callback"] = "回调的正文",
  ["of a sealed one, from the query"] = "加密回调的，取自查询参数",
  ["of a file or folder beside the script"] = "脚本旁边的文件或文件夹",
  ["what is signed; empty values and `sign` are left out"] = "要签名的内容；空值和 `sign` 不算",
  ["at most 65536 bytes"] = "最多 65536 字节",
  ["0 offline, 1 online"] = "0 离线，1 在线",
  ["such as myrank"] = "如 myrank", ["such as ranklist"] = "如 ranklist",
  ["used on Wi-Fi; default: music_url"] = "Wi-Fi 下用它；没有时用 music_url",
  ["played on Wi-Fi"] = "Wi-Fi 下播放",
  ["the whole document"] = "整个文档", ["the text"] = "文字", ["the device's bytes"] = "设备的字节",
  ["write & < > \" ' as HTML entities"] = "& < > \" ' 写成 HTML 实体",
  ["of an uploaded picture"] = "上传过的图片的", ["of an uploaded video"] = "上传过的视频的", ["of an uploaded voice"] = "上传过的语音的",
  ["list of {title, description, picurl, url}"] = "{title, description, picurl, url} 的列表",
  ['GET, POST ..., or "*" for all'] = 'GET、POST……，"*" 是全部',
  ["exact; what is not ASCII is meant as browsers send it"] = "要完全一样；非 ASCII 的按浏览器发送的写法",
  ["fn(request) gives HTML, {status =, headers =, body =, json =}, or nothing (204)"] =
    "fn(request) 返回 HTML、{status =, headers =, body =, json =}，或什么都不返回（204）",
  ["a string or a reply"] = "字符串或回复",
  ["the current message's sender"] = "当前消息的发送者",
  ["the page's, cut at #"] = "页面的，# 之后不算",
  ["number in the library"] = "模板库里的编号",
  ["false: the current one stays"] = "false：沿用现有的",
  ["seconds; nil: for good"] = "秒数；nil：一直保留",
  ["after: the key after which to continue; limit: how many"] = "after：从这个键之后继续；limit：多少个",
  ["image, voice, video or thumb"] = "image、voice、video 或 thumb",
  ["a path, an open file, or bytes"] = "路径、打开的文件，或字节",
  ['of bytes: "jpg"'] = '给字节时："jpg"',
  ["of create_qrcode"] = "create_qrcode 给的",

  -- ---- fields
  ["YYYY-MM-DD, yesterday at the latest"] = "YYYY-MM-DD，最晚昨天",
  ["WeChat id"] = "微信号", ["openid or WeChat id"] = "openid 或微信号", ["WeChat id, in place of touser"] = "微信号，代替 touser",
  ["one of the two is needed"] = "两者要有一个", ["fields of your own"] = "自定义的字段",
  ["the member of staff who says it"] = "说这句话的客服", ["1: made by AI"] = "1：由 AI 生成",
  ["or img_url"] = "或 img_url", ["by type"] = "由类型决定", ["openid: msg.source"] = "openid：msg.source",
  ["as the message has it"] = "和消息里的一样", ["which article, from 0"] = "第几篇，从 0 起", ["of the past"] = "以前的",
  ["of videos"] = "视频用", ["of news"] = "图文用", ["of newspic"] = "图片消息用", ["of pictures"] = "图片用", ["of mini programs"] = "小程序的",
  seconds = "秒数", ["device_id, or uuid, major, minor"] = "device_id，或者 uuid、major、minor",
  ["where to go on"] = "从哪里继续", ["where to go on; the first page without it"] = "从哪里继续；不给就是第一页",
  ["its personalised menus, as get_menu gives them"] = "它的个性化菜单，同 get_menu 给的",
  ["keyword = {value = ...}"] = "关键词 = {value = ...}", ["for codes of your own"] = "用自己的 code 时",
  ["mini program"] = "小程序", ["the mini program"] = "小程序", ["of a mini program tied to the account"] = "与帐号关联的小程序的",
  address = "地址", ["addresses, or blocks of them"] = "地址或地址段", ["from the JS-SDK"] = "JS-SDK 给的",
  ["1: without content"] = "1：不带正文", ["from 1; all without it"] = "从 1 起；不给就是全部",
  ["up to three of type (1 text, 3 picture, 27 mini program)"] = "最多三条，type：1 文字，3 图片，27 小程序",
  ["up to five, with commas"] = "最多五个，用逗号隔开", ["with commas"] = "用逗号隔开", ["categories, with commas"] = "类目，用逗号隔开",
  ["NAME@ACCOUNT"] = "名字@微信号",
  ["up to three: name with up to five sub_button[], or name, type and what the type needs"] =
    "最多三个：name 加最多五个 sub_button[]，或者 name、type 和该类型需要的字段",
  ["1: go on though it is a reprint"] = "1：是转载也继续群发",
  ["up to 64 bytes; the same one is sent once a day"] = "最多 64 字节；同一个一天只发一次",
  ["the web token"] = "网页授权的 access_token", ["comes back as it is"] = "原样带回",
  ['of the API, from "/cgi-bin" on'] = '接口的路径，从 "/cgi-bin" 起', ["empty since 2021"] = "2021 年起为空",
  ["as wechat.draft.add takes it"] = "同 wechat.draft.add 收的", ["one article, as wechat.draft.add takes it"] = "一篇图文，同 wechat.draft.add 收的",
  ["{button = {...}}"] = "形如 {button = {...}}", ["{action_name, action_info, expire_seconds}"] = "含 action_name、action_info、expire_seconds",
  ["of articles stored as material, instead of articles"] = "永久图文素材的，代替 articles",
  ["card_type, and base_info, advanced_info ... under the type in lower case"] = "card_type；base_info、advanced_info 等放在小写的类型名下面",
  ["what changes, under the type in lower case"] = "要改的内容，放在小写的类型名下面",
  ["of type, base_info, member_rule or single_pay"] = "含 type、base_info、member_rule 或 single_pay",
  ["ten users in all"] = "一共十个用户", ["it has to be approved again"] = "需要重新审核",
  ["0 all, 1 common, 2 featured"] = "0 全部，1 普通，2 精选", ["true: not all is there yet"] = "true：数据还不全",
  ["0 made on the website, 1 by the API"] = "0 在网站上做的，1 由接口做的", ["0 unknown, 1 allowed, 2 bound, 3 unbound"] = "0 未知，1 已授权，2 已绑定，3 已解绑",
  ["original id"] = "原始 ID", ["2: state"] = "2：状态", ["articles, with url"] = "图文，含 url", ["0 big, 1 small, 2 text, 3 strip"] = "0 大图，1 小图，2 文字，3 条幅",
  ["1: only ask"] = "1：只查询", ["0 done, 1 under way, 2 no original, 3 failed, 4 rejected, 5 deleted, 6 banned"] =
    "0 成功，1 发布中，2 原创失败，3 失败，4 审核不通过，5 已删除，6 已封禁",
  ["articles, with url, is_deleted"] = "图文，含 url、is_deleted", ["of a draft"] = "草稿的", one = "一个",
  ["up to 200 of openid, buyer_nickname"] = "最多 200 个，每个含 openid、buyer_nickname", ["pushes that are left"] = "剩余的推送次数",
  ["user_field or biz_field"] = "user_field 或 biz_field", fen = "单位：分", ["for web"] = "web 用",
  ["see wechat.token.getticket_wx_card"] = "见 wechat.token.getticket_wx_card", ["0 none, 1 fill in, 2 get"] = "0 无，1 填写，2 领取",
  ["MD5; of the past"] = "MD5；以前的", ["sub-merchant"] = "子商户", ["jpg, 640 x 640"] = "jpg，640 x 640", ["in place of business_id"] = "代替 business_id",
  ["of the same day"] = "同一天的", ["1, then as it came back"] = "先是 1，以后用返回的",
  ["of worker, openid, opercode (2002 agent sent, 2003 agent received), time, text"] =
    "每项含 worker、openid、opercode（2002 客服发送，2003 客服接收）、time、text",
  ["of title, introduction; a video needs it"] = "含 title、introduction；视频需要它", ["of other types"] = "其他类型的", ["one article"] = "一篇图文",
  ["of a video, as JSON"] = "视频用，JSON", ["speex, 16 kHz"] = "speex，16 kHz", ["of a thumb: thumb_media_id"] = "thumb 时叫 thumb_media_id",
  ["jpg or png, up to 1 MB"] = "jpg 或 png，最大 1 MB",
  ["1 to 8 of thumb_media_id, title, author, content_source_url, content, digest, show_cover_pic, need_open_comment, only_fans_can_comment"] =
    "1 到 8 篇，每篇含 thumb_media_id、title、author、content_source_url、content、digest、show_cover_pic、need_open_comment、only_fans_can_comment",
  ["tag_id, client_platform_type (1 iOS, 2 Android, 3 others)"] = "tag_id、client_platform_type（1 iOS，2 安卓，3 其他）",
  ["of type, name, key or url or value, news_info.list[], sub_button.list[]"] = "每项含 type、name、key 或 url 或 value、news_info.list[]、sub_button.list[]",
  ["as wechat.menu.create takes it"] = "同 wechat.menu.create 收的", ["the picture"] = "图片", ["0 all, 1 on, 2 off"] = "0 全部，1 上架，2 下架",
  ["2, 3, 5 or 8"] = "2、3、5 或 8",
  ["of rule_name, create_time, reply_mode, keyword_list_info[] (type, match_mode, content), reply_list_info[] (type, content, news_info.list[])"] =
    "每项含 rule_name、create_time、reply_mode、keyword_list_info[]（type、match_mode、content）、reply_list_info[]（type、content、news_info.list[]）",
  ["the fields of that msgtype, as in send_text and its siblings"] = "该 msgtype 的字段，同 send_text 等", ["see wechat.freepublish"] = "见 wechat.freepublish",
  ["one of title, description, url, picurl"] = "一篇，含 title、description、url、picurl",
  ['may hold <a href="..."> links, to mini programs too'] = '可以有 <a href="..."> 链接，也可以指向小程序', ["signed extras of old cards"] = "旧卡券的签名附加内容",
  ["in place of article_idx"] = "代替 article_idx", ["2 to 10000 openids"] = "2 到 10000 个 openid", ["is_to_all (boolean), or tag_id"] = "is_to_all（布尔），或 tag_id",
  ["for comments and statistics"] = "留言和统计用", ["10,000 users a minute"] = "每分钟一万个用户", ["0: 800,000 a minute ... 4: 100,000"] = "0：每分钟 80 万……4：10 万",
  ["ids of 2 to 5 keywords"] = "2 到 5 个关键词的编号", ["up to 128 bytes, comes back as it is"] = "最多 128 字节，原样带回", ["not always there"] = "不一定有",
  ["content = {value = ..., color = ...}"] = "形如 content = {value = ..., color = ...}", ["in the order in which they shall stand"] = "按要排列的顺序",
  ["the same one is sent once in ten minutes"] = "同一个十分钟内只发一次", ["#RRGGBB; of the past"] = "#RRGGBB；以前的", ["lasts 30 days"] = "30 天有效",
  ["1: not a real user"] = "1：不是真实用户", ["0: it holds"] = "0：有效", ["JSON: dishes and prices"] = "JSON：菜名和价格", ["the account"] = "帐号", ["the platform's"] = "平台的",
  ["the last one that was pushed"] = "最近一次推送的", ["as err.rid has it"] = "即 err.rid",
  ["of + available_state, update_status"] = "另含 available_state、update_status",
  ["of poi_id and what changes: telephone, photo_list, recommend, special, introduction, open_time, avg_price"] =
    "含 poi_id 和要改的：telephone、photo_list、recommend、special、introduction、open_time、avg_price",
  ["of temporary codes: up to 2592000, 60 without it"] = "临时二维码用：最多 2592000，不给是 60", ["temporary: 1 to 4294967295; permanent: 1 to 100000"] = "临时：1 到 4294967295；永久：1 到 100000",
  ["what the code says"] = "二维码的内容", ["address of a scene QR code: http://weixin.qq.com/q/..."] = "带参数二维码的地址：http://weixin.qq.com/q/...", ["its page"] = "它的页面",
  ["0: a new rule, 1: change one that is not published (else 40097)"] = "0：新规则，1：修改还没发布的（否则 40097）",
  ["ordinary links: 1 development, 2 trial, 3 release"] = "普通链接：1 开发版，2 体验版，3 正式版", ["ordinary links: up to 5 for tests"] = "普通链接：最多 5 个测试用",
  ["ordinary links: 1 no, 2 takes all that begin so"] = "普通链接：1 不占用，2 占用所有这样开头的", ["0 newest, 1 by prefix, 2 by page"] = "0 最新，1 按前缀，2 按页",
  ["with get_type 1"] = "get_type 为 1 时", ["publications left this month"] = "本月剩余的发布次数",
  ["of prefix, path, state (1 not published, 2 published), open_version, debug_url[], permit_sub_rule"] =
    "每项含 prefix、path、state（1 未发布，2 已发布）、open_version、debug_url[]、permit_sub_rule",
  ["up to 4 KB"] = "最多 4 KB", ["up to 2592000, the same without it"] = "最多 2592000，不给也是这么多", ["side in pixels; 100 without it"] = "边长（像素）；不给是 100",
  ["up to 1 MB"] = "最大 1 MB", ["1 sound, 2 picture"] = "1 声音，2 图片", ["87014: not safe"] = "87014：不安全", ["2: of another account"] = "2：别的帐号的", ["1, 2 or 3"] = "1、2 或 3",
  ["true: a new one, the present one ends"] = "true：换新的，现有的失效", ["seconds left"] = "剩余秒数", ["up to 100 of openid, lang"] = "最多 100 个，每个含 openid、lang",
  ["as wechat.user.info gives it"] = "同 wechat.user.info 给的", ["mp3, 16 kHz, mono, up to 1 MB"] = "mp3，16 kHz，单声道，最大 1 MB", ["the text, up to 600 bytes"] = "文字，最多 600 字节",
  ["-1: all"] = "-1：全部", ["of business_id, account_name, nickname, icon_url"] = "含 business_id、account_name、nickname、icon_url",
  ["of article_type (news or newspic), title, author, digest, content, content_source_url, thumb_media_id, need_open_comment, only_fans_can_comment, pic_crop_235_1, pic_crop_1_1, image_info.image_list[].image_media_id, cover_info.crop_percent_list[], product_info.footer_product_info.product_key"] =
    "每篇含 article_type（news 或 newspic）、title、author、digest、content、content_source_url、thumb_media_id、need_open_comment、only_fans_can_comment、pic_crop_235_1、pic_crop_1_1、image_info.image_list[].image_media_id、cover_info.crop_percent_list[]、product_info.footer_product_info.product_key",
  ["of ref_date, msgid, title, details[] (stat_date, target_user, ...)"] = "每项含 ref_date、msgid、title、details[]（stat_date、target_user 等）",
  ["of ref_date, msgid (msg_data_id_idx), publish_type, detail_list[]{stat_date, read_user, share_user, ...}"] =
    "每项含 ref_date、msgid（msg_data_id_idx）、publish_type、detail_list[]{stat_date, read_user, share_user, ...}",

  -- ---- notes of endpoints
  ["The product was closed."] = "这个产品已经关闭。",
  ["Most accounts cannot make new cards any more."] = "大多数帐号已经不能制作新的卡券。",
  ["Gone from the documents; said to be switched off."] = "文档里已经没有；据说已经下线。",
  ["Paths are known, fields are not: all but `appid` is passed on as it is."] = "只知道路径，不知道字段：`appid` 以外的原样传过去。",
  ["Gone from the documents."] = "文档里已经没有。",
  ["Takes no new accounts; gone from the documents."] = "不再接受新帐号；文档里已经没有。",
  ["45015: the time to answer is over; 45047: too many since the user's last action."] = "45015：回复时间已过；45047：用户上次互动之后发得太多。",
  ["By third-party platforms."] = "由第三方平台调用。",
  ["Tags (wechat.tag) do this now."] = "现在用标签（wechat.tag）。",
  ["Customer service of mini programs."] = "小程序的客服。",
  ["Known from a copy of the documents alone."] = "只见于文档的副本。",
  ["By third-party platforms, with the account's token."] = "由第三方平台用帐号的 token 调用。",
  ["Ended in January 2020."] = "2020 年 1 月结束。",
  ["30 days at most."] = "最多 30 天。", ["62 days at most."] = "最多 62 天。", ["7 days at most."] = "最多 7 天。", ["15 days at most."] = "最多 15 天。",
  ["The platform's documents no longer have it."] = "平台的文档里已经没有它。",
  ["Ten a day."] = "每天十次。",
  ["Payments go through api.mch.weixin.qq.com now."] = "支付现在走 api.mch.weixin.qq.com。",
  ["wechat.poi took its place."] = "由 wechat.poi 取代。",
  ["1 day at most (30 by some reports); from November 2025 on."] = "最多 1 天（也有说 30 天）；2025 年 11 月起。",
  ["1 day; from November 2025 on."] = "1 天；2025 年 11 月起。", ["30 days at most; from November 2025 on."] = "最多 30 天；2025 年 11 月起。",
  ["Answers 47009: use getarticleread."] = "返回 47009：改用 getarticleread。", ["Answers 47009: use getarticleshare."] = "返回 47009：改用 getarticleshare。",
  ["Answers 47009: use getarticleread, getarticleshare or getbizsummary."] = "返回 47009：改用 getarticleread、getarticleshare 或 getbizsummary。",
  ["Answers 47009: use getarticletotaldetail."] = "返回 47009：改用 getarticletotaldetail。",
  ["By application."] = "需要申请。",
  ["40201 to 40203: address, action or operator is wrong."] = "40201 到 40203：地址、操作或运营商不对。",
  ["giftcard_wxa_set has the first spelling; one of the two is wrong."] = "giftcard_wxa_set 是前一种写法；两者有一个不对。",
  ["88000: the account has no comments."] = "88000：帐号没有留言功能。",
  ["88004 to 88010: the comment or answer does not allow it."] = "88004 到 88010：留言或回复不允许这样做。",
  ["page_size: 90 at most."] = "page_size 最多 90。",
  ["1000 a day; 40007: the cover is no material; 53404 to 53406: trouble with goods."] = "每天 1000 次；40007：封面不是素材；53404 到 53406：商品有问题。",
  ["All accounts have drafts now."] = "所有帐号现在都有草稿箱。",
  ["100 a day; 48001 for accounts of persons and for accounts without verification. PUBLISHJOBFINISH tells the result; 53503 to 53505: not fit to be published."] =
    "每天 100 次；个人帐号和未认证帐号得到 48001。结果由 PUBLISHJOBFINISH 通知；53503 到 53505：不能发布。",
  ["The path is misspelt by the platform."] = "路径的拼写错误是平台的。",
  ["The older form, which the platform still takes, has kf_account in the query."] = "旧的写法把 kf_account 放在查询里，平台仍然接受。",
  ["65407 to 65413 say why not."] = "65407 到 65413 说明为什么不行。",
  ["msgrecord_list took its place."] = "由 msgrecord_list 取代。",
  ["100,000 pictures, 1000 of each other type."] = "图片 100000 个，其他类型各 1000 个。",
  ["Ended in February 2022: use wechat.draft.add."] = "2022 年 2 月结束：改用 wechat.draft.add。",
  ["Ended in February 2022: use wechat.draft.update."] = "2022 年 2 月结束：改用 wechat.draft.update。",
  ["Mini programs only."] = "只用于小程序。",
  ["The rule added last wins. Sex and region match nobody any more."] = "最后添加的规则优先。性别和地区已经匹配不到任何人。",
  ["1000 times a day; phones show it within five minutes."] = "每天 1000 次；手机五分钟内显示。", ["1000 times a day."] = "每天 1000 次。",
  ["46003: there is none."] = "46003：没有菜单。",
  ["Customer service of mini programs. Official accounts pass businessid to send_text and its siblings."] = "小程序的客服。公众号在 send_text 等里传 businessid。",
  ["Of mini programs' customer service."] = "小程序客服的。",
  ["More than one article: 45008."] = "多于一篇图文：45008。",
  ["45080: nothing was said in the last 30 s; 45081: it shows already."] = "45080：最近 30 秒没有互动；45081：已经在显示。",
  ["Verified service accounts only (else 48001)."] = "只限已认证的服务号（否则 48001）。",
  ["Followers get one a day (subscription accounts) or four a month (service accounts). MASSSENDJOBFINISH tells the result; 45065: this clientmsgid was sent within a day."] =
    "关注者每天收到一条（订阅号）或每月四条（服务号）。结果由 MASSSENDJOBFINISH 通知；45065：这个 clientmsgid 一天内发过。",
  ["Comes back to redirect_url with openid, template_id, action, scene and reserved."] = "带着 openid、template_id、action、scene 和 reserved 回到 redirect_url。",
  ["43101: refused, or used up; 47003: the data does not fit the template. Verified service accounts only."] =
    "43101：用户拒绝，或已用完；47003：数据不符合模板。只限已认证的服务号。",
  ["TEMPLATESENDJOBFINISH tells the result; 43004: the user does not follow; 40252: the content is under review for about half an hour, nothing was sent: do not send it again. Phones ignore colours. Verified service accounts only (else 48001)."] =
    "结果由 TEMPLATESENDJOBFINISH 通知；43004：用户没有关注；40252：内容审核中，约半小时，没有发出：不要重发。手机不显示颜色。只限已认证的服务号（否则 48001）。",
  ["Comes back to redirect_uri with a code, good once, within five minutes."] = "带着 code 回到 redirect_uri，code 只能用一次，五分钟内有效。",
  ["For website apps of the open platform, by their own appid."] = "用于开放平台的网站应用，用它自己的 appid。",
  ["Scope snsapi_userinfo."] = "作用域 snsapi_userinfo。",
  ["By third-party platforms. service_type_info.id: 0 and 1 subscription account, 2 service account; verify_type_info.id: -1 not verified, 0 verified."] =
    "由第三方平台调用。service_type_info.id：0 和 1 订阅号，2 服务号；verify_type_info.id：-1 未认证，0 已认证。",
  ["By third-party platforms. 61009: the code is wrong, 61010: it is old."] = "由第三方平台调用。61009：code 不对，61010：code 过期。",
  ["By third-party platforms. 61005: the ticket is old, 61006: it is wrong."] = "由第三方平台调用。61005：ticket 过期，61006：ticket 不对。",
  ["Ten resets a month, by hand and by API together (48006)."] = "每月清零十次，手动和接口合计（48006）。",
  ["For when no calls are left to fetch a token with. Counts among the ten resets a month. The platform's pages disagree on where the two stand: they are sent in query and body."] =
    "用于连取 token 的次数也没有了的时候。算在每月十次清零里。平台的几处文档说法不一，所以两个参数在查询和正文里都发送。",
  ["Counts among the ten resets a month."] = "算在每月十次清零里。",
  ["76003: cgi_path is malformed, 76021: there is no such path, 76022: no right to it."] = "76003：cgi_path 格式不对，76021：没有这个路径，76022：没有权限。",
  ["76001: unknown, 76002: malformed, 76003: another account's."] = "76001：未知，76002：格式不对，76003：别的帐号的。",
  ["poi_check_notify tells whether it was approved."] = "是否通过审核由 poi_check_notify 通知。",
  ["Verified service accounts and test accounts (else 48001); 100,000 permanent codes in all."] = "限已认证的服务号和测试号（否则 48001）；永久二维码一共 100000 个。",
  ["Verified service accounts with a linked mini program; 5 calls a second (44990). 85066: prefix wrong, 85070: blocked, 85071: there already, 85072: taken, 85073: too many rules, 85075: a person's mini program."] =
    "限关联了小程序的已认证服务号；每秒 5 次（44990）。85066：前缀不对，85070：被封，85071：已经有了，85072：被占用，85073：规则太多，85075：个人的小程序。",
  ["5 calls a second (44990)."] = "每秒 5 次（44990）。",
  ["Verified service accounts with a linked mini program; 5 calls a second (44990)."] = "限关联了小程序的已认证服务号；每秒 5 次（44990）。",
  ["5 calls a second (44990). 85074: the mini program is not released; 85095: delete the rule and add it again."] =
    "每秒 5 次（44990）。85074：小程序还没发布；85095：删掉规则再添加。",
  ["Verified service accounts."] = "限已认证的服务号。",
  ["Ended in March 2021: use wechat.qrcode.shorten_gen."] = "2021 年 3 月结束：改用 wechat.qrcode.shorten_gen。",
  ["404 for a ticket that is none."] = "ticket 无效时是 404。", ["87014: not safe."] = "87014：不安全。",
  ["20 tags a user (45059)."] = "每个用户 20 个标签（45059）。",
  ["100 an account (45056); 45157: the name is taken, 45158: it is too long."] = "每个帐号 100 个（45056）；45157：名字已有，45158：名字太长。",
  ["45057: over 100,000 users have it."] = "45057：超过 100000 个用户有它。", ["45058: tags 0, 1 and 2 are the platform's."] = "45058：标签 0、1、2 是平台的。",
  ["2000 calls a day; the caller's IP must be in the whitelist (40164)."] = "每天 2000 次；调用者的 IP 要在白名单里（40164）。",
  ["Knows nothing of the classic token. force_refresh: 20 times a day, 30 s apart."] = "与普通 token 互不相干。force_refresh：每天 20 次，间隔 30 秒。",
  ["wechat.get_jsapi_ticket caches it."] = "wechat.get_jsapi_ticket 带缓存。",
  ["Within 15 days; each row has an err_msg of its own."] = "15 天以内；每行有自己的 err_msg。",
  ["Names, pictures, sex and region come empty since 2021."] = "2021 年起昵称、头像、性别和地区为空。",
  ["Service accounts. voice_id is of your choosing."] = "限服务号。voice_id 自己定。", ["Ask within 10 s."] = "10 秒内查询。",
  ["The mini program's part no longer works."] = "小程序的部分已经不能用。",
}

-- Forms with numbers and names in them.
local forms = {
  { "^at most (%d+)$", "最多 %1" }, { "^up to (%d+) characters$", "最多 %1 个字" }, { "^up to (%d+) bytes$", "最多 %1 字节" },
  { "^under (%d+) characters$", "少于 %1 个字" }, { "^under (%d+)$", "少于 %1" }, { "^(%d+) to (%d+) characters$", "%1 到 %2 个字" },
  { "^(%d+) to (%d+)$", "%1 到 %2" }, { "^(%S+) or (%S+)$", "%1 或 %2" }, { "^from (%d+)$", "从 %1 起" },
}

-- Whether a text is the names of fields, with commas: "card_id, jump_url, mchid_list[]".
local function is_names(text)
  for name in (text:gsub("%b{}", "")):gmatch("[^,]+") do
    if not name:find("^%s*[%w_%.%[%]]+%s*$") then return false end
  end
  return true
end

--- Returns the Chinese of a text. A text without words, such as "GET|POST" or "base64", is returned as it is; nil: none is
--- known.
---@param text string
---@return string?
return function(text)
  if texts[text] then return texts[text] end
  for _, form in ipairs(forms) do
    if text:find(form[1]) then return (text:gsub(form[1], form[2])) end
  end
  if not text:find("%s") or is_names(text) then return text end
  local names = text:match("^of (.+)$")
  if names and is_names(names) then return "含 " .. names:gsub(", ", "、") end
  return nil
end
