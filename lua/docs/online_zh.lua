-- The Chinese of what `wemoon check --online` says (lua/wechat/online.lua) and of the hints of failed calls that have no
-- error code (lua/wechat/errors.lua), by the format of the English: the same values in the same order. Codes have
-- theirs in lua/wechat/errcodes.lua. A test ensures that nothing is missing.

return {
  ["%s: %s"] = "%s：%s",
  ["access token"] = "access_token",
  ["access token: fetched, good for %s s"] = "access_token：已取得，%s 秒内有效",
  menu = "菜单",
  ["menu: %d buttons"] = "菜单：%d 个按钮",
  ["menu: there is none"] = "菜单：没有",
  ["right: %s"] = "权限：%s",
  ["%s: there"] = "%s：有",
  ["%s: 48001 the account lacks this right: %s"] = "%s：48001 账号没有这个权限：%s",

  -- ---- rights, and who has them
  ["customer service messages (send_*_message, late replies)"] = "客服消息（send_*_message、迟到的回复）",
  ["followers and their profiles"] = "粉丝和他们的资料",
  tags = "标签",
  materials = "素材",
  drafts = "草稿",
  publishing = "发布",
  ["template messages"] = "模板消息",
  ["subscription messages"] = "订阅通知",
  ["JS-SDK (pages that call WeChat)"] = "JS-SDK（调用微信的网页）",
  ["verified accounts (微信认证) have it"] = "经过微信认证的账号才有",
  ["verified accounts (微信认证) have it; others lost it in July 2025"] = "经过微信认证的账号才有，其他账号自 2025 年 7 月起没有了",
  ["verified accounts (微信认证) have it, and service accounts (服务号) without verification"] = "经过微信认证的账号和未认证的服务号才有",
  ["verified service accounts (服务号) alone have it"] = "经过微信认证的服务号才有",
  ["every account should have it"] = "每个账号本来都有",

  -- ---- kinds of account
  ["these are the rights of a person's or an unverified account: a person's can have no more (menus and publishing are done by hand on mp.weixin.qq.com), a company's gets more by verification (微信认证)"] =
    "这是个人账号或未认证账号的权限：个人账号不能有更多（菜单和发布要在 mp.weixin.qq.com 上手工做），企业账号经过微信认证可以得到更多",
  ["these are the rights of a test account (测试号): what else the real account can do has to be tried there"] =
    "这是测试号的权限：正式账号还能做什么，要在正式账号上试",
  ["these are the rights of a verified subscription account (公众号): the rest is for verified service accounts (服务号)"] =
    "这是已认证公众号（订阅号）的权限：其余的只有已认证的服务号才有",

  -- ---- what to do
  ["this machine's public IP"] = "本机的公网 IP",
  ["add %s to the IP whitelist (API IP 白名单) at %s; it works after several minutes"] = "IP 白名单里没有 %s：请到%s 加入，几分钟后生效",
  ["appsecret is wrong: copy it again, or reset it at %s"] = "appsecret 不对：请重新复制，或重置：%s",
  ["appid is wrong: it begins with wx, has 18 characters, and is shown at %s"] = "appid 不对：它以 wx 开头，共 18 个字符，见%s",
  ["an error code that is not known here: look it up in the platform's documents"] = "这里没有记载的错误码：请查平台文档里的返回码说明",
  ["the platform could not be reached: look at the network, proxy and ca_file; try again later"] =
    "连不上平台：请检查网络、proxy 和 ca_file，稍后再试",
  ["no answer in time: it may have happened anyway; the same call may succeed later"] = "没有及时应答：调用可能已经生效；稍后再试也许会成功",
  ["something between here and the platform, or api_base, is not what it should be"] = "和平台之间有什么不对，或 api_base 不对",
  ["something between here and the platform changed its answer, or api_base is not the platform"] =
    "平台的应答在途中被改动了，或 api_base 不是平台的地址",
  ["it may have happened: check before you make the same call again"] = "调用可能已经生效：再次调用之前请先查看",
  ["nothing waited for its result any more: the script had ended, or the program was ending"] = "没有谁还在等结果：脚本已经结束，或程序正在结束",
  ["the platform's answers are too much at once: ask for less, or make fewer calls at a time"] =
    "平台的应答一次太多：请少要一些，或减少同时的调用",
}
