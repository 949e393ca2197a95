// Every text of the page in both languages. The browser's language is the default; a choice is stored.

import { keep, kept } from './choices.js';

export const words = {
  // [Chinese, English]
  serving: ['正在运行 {0}', 'serving {0}'],
  failing: ['脚本出错：{0}', 'the script failed: {0}'],
  broken: ['脚本有错误，见“脚本”页', 'the script has an error: see Script'],
  elsewhere: ['消息发往 {0}', 'messages go to {0}'],
  nowhere: ['没有机器人：用 --callback URL 指定', 'no bot: give one as --callback URL'],
  lost: ['连接断开，正在重连…', 'connection lost, trying again…'],
  language: ['English', '中文'],
  theme: ['深色/浅色', 'dark/light'],
  help: ['快捷键', 'keys'],
  phone: ['手机', 'Phone'],
  desk: ['桌面', 'Desk'],
  people: ['用户', 'users'],
  add_user: ['添加用户', 'add user'],
  user_name: ['昵称', 'nickname'],
  not_following: ['未关注', 'not following'],
  message: ['输入消息', 'message'], chat: ['对话', 'chat'],
  send: ['发送', 'Send'],
  keyboard: ['键盘', 'keyboard'],
  menu: ['菜单', 'menu'],
  more: ['更多', 'more'],
  image: ['图片', 'Picture'], voice: ['语音', 'Voice'], video: ['视频', 'Video'], shortvideo: ['小视频', 'Short video'],
  location: ['位置', 'Location'], link: ['链接', 'Link'], scan: ['扫码', 'Scan'], locate: ['上报位置', 'Report position'],
  follow: ['关注', 'Follow'], unfollow: ['取消关注', 'Unfollow'], event: ['事件', 'Event'],
  recognition: ['语音识别结果', 'what was recognised'],
  title: ['标题', 'title'], description: ['描述', 'description'], url: ['网址', 'address'], label: ['地点', 'place'],
  latitude: ['纬度', 'latitude'], longitude: ['经度', 'longitude'], precision: ['精度', 'precision'],
  scene: ['场景值', 'scene'], name: ['名称', 'name'], fields: ['字段（每行 名称=值）', 'fields (name=value, one a line)'],
  ok: ['确定', 'OK'], cancel: ['取消', 'Cancel'], close: ['关闭', 'Close'], save: ['保存', 'Save'],
  choose_file: ['选择文件（留空用样例）', 'choose a file (none: a sample)'],
  forms: ['事件表单', 'Event forms'], save_chat: ['保存对话', 'Save chat'], play_chat: ['重放对话', 'Play chat'],
  chat_file: ['对话文件 (JSON Lines)', 'the chat (JSON Lines)'], with_pauses: ['保留原来的间隔', 'with its pauses'], no_file: ['{0} 条消息的文件不在平台上', 'the platform does not have the files of {0} messages'], no_chat: ['{0} 里没有可重放的对话', '{0} has no chat to play'],
  send_again: ['再发一次', 'Send again'], change_again: ['修改后再发', 'Change and send again'],
  search: ['搜索', 'search'], any_user: ['所有用户', 'every user'], any_outcome: ['所有结果', 'every outcome'], none_fits: ['没有符合的消息', 'no message fits'],
  move_time: ['快进时间', 'Move time on'], time_by: ['快进多久（30m、2h、1d）', 'how far (30m, 2h, 1d)'],
  time_wrong: ['“{0}”不是一年以内的时长：请写 30m、2h 或 1d', '“{0}” is no span of up to a year: write 30m, 2h or 1d'],
  'sent by another program': ['由其他程序发来'],
  'the user sees no reply to {0}': ['用户看不到对 {0} 的回复'],
  '{0} of {1} articles are shown': ['{1} 篇图文只显示前 {0} 篇'],
  "an account of the kind '{0}' has no customer service staff": ['{0} 类账号没有客服'],
  "an account of the kind '{0}' gets no {1}": ['{0} 类账号收不到 {1}'],
  'the answer is not a reply that the platform would accept: {0}': ['平台不会接受这个回复：{0}'],
  'the bot answered with status {0}': ['机器人应答了 {0}'],
  "a reply of MsgType '{0}' does not exist": ['没有 {0} 这种回复'],
  'there is no bot: start wemoon dev with BOT.lua or --callback URL': ['没有机器人：启动 wemoon dev 时写明 BOT.lua 或 --callback URL'],
  '{0} does not follow the account: follow first': ['{0}没有关注公众号：请先关注'],
  no_menu: ['还没有菜单', 'no menu yet'],
  empty_chat: ['说点什么吧', 'Say something'],
  typing: ['对方正在输入…', 'typing…'],
  transfer: ['已转接客服', 'handed to customer service'],
  miniprogram: ['小程序', 'Mini Program'],
  seconds: ['{0} 秒', '{0} s'],
  e_follow: ['{0}关注了公众号', '{0} followed'], e_unfollow: ['{0}取消关注', '{0} unfollowed'],
  e_scan: ['扫描了二维码 {0}', 'scanned code {0}'], e_locate: ['上报了位置 {0}', 'reported position {0}'],
  e_tap: ['点击菜单「{0}」', 'tapped “{0}”'], e_open_url: ['打开了 {0}', 'opened {0}'], e_other: ['事件 {0}', 'event {0}'],
  tab_trace: ['消息', 'Messages'], tab_calls: ['接口调用', 'API calls'], tab_log: ['日志', 'Log'],
  tab_script: ['脚本', 'Script'], tab_faults: ['故障', 'Faults'],
  no_trace: ['每条消息的来龙去脉会出现在这里', 'each message appears here, from its XML to its reply'],
  no_calls: ['还没有接口调用', 'no API calls yet'],
  no_log: ['日志是空的', 'the log is empty'],
  no_source: ['没有可编辑的脚本', 'there is no script to edit'],
  try_n: ['第 {0} 次', 'try {0}'],
  xml_in: ['收到的 XML', 'XML in'], xml_out: ['回复', 'reply'], t_fields: ['字段', 'fields'], t_query: ['查询参数', 'query'], t_calls: ['接口调用', 'API calls'],
  t_parts: ['分段答复', 'answer in parts'], n_parts: ['{0} 段', '{0} parts'], via_passive: ['被动回复', 'passive reply'], via_custom: ['客服消息', 'customer service message'],
  music: ['音乐', 'Music'], news: ['图文', 'Articles'], msgmenu: ['菜单消息', 'Menu message'],
  nothing: ['（无回复）', '(no reply)'],
  replied: ['已回复', 'replied'], success: ['无回复', 'no reply'], failed: ['失败', 'failed'], late: ['稍后回复', 'late'],
  script_failed: ['脚本出错', 'script failed'],
  under_way: ['进行中', 'under way'],
  request: ['请求', 'request'], answer: ['响应', 'answer'],
  unsaved: ['未保存', 'not saved'], followed: ['文件已在别处修改，这里是新的内容', 'changed on disk: this is the file as it is now'],
  both_changed: ['这个文件在别处也改了。不同的行标有 −（磁盘上的）和 +（这里的）。', 'The file was changed on disk too. Lines that differ have a − in the file’s text and a + in yours.'],
  yours: ['这里的', 'yours'], previous: ['上一处不同', 'previous difference'], next: ['下一处不同', 'next difference'],
  differences: ['不同之处：{0}', 'differences: {0}'], difference: ['第 {0} 处，共 {1} 处：磁盘上第 {2} 行，这里第 {3} 行', '{0} of {1}: line {2} of the file, {3} of yours'],
  too_many: ['两边合计有 {0} 多行不同，从第一处到最后一处全部标出。', 'More than {0} lines of both texts differ: all from the first to the last are marked.'],
  keep_mine: ['保存我的，覆盖磁盘上的', 'Save mine over the file'], take_theirs: ['放弃我的，用磁盘上的', 'Drop mine, take the file’s'], on_disk: ['磁盘上的文件', 'the file on disk'],
  saved: ['已保存，等待重新加载', 'saved; the reload follows'],
  reloaded: ['已重新加载', 'reloaded'], not_reloaded: ['没有重新加载：{0}', 'not reloaded: {0}'],
  see_line: ['查看第 {0} 行', 'see line {0}'], line_gone: ['运行时的第 {0} 行已经不在文件里：{1}', 'line {0} that ran has gone from the file: {1}'],
  unverified: ['URL 没有通过验证：{0}', 'the URL does not verify: {0}'],
  f_slow_ms: ['接口变慢（毫秒）', 'API answers come late (ms)'], f_fail: ['接口返回错误码', 'API calls fail with errcode'],
  f_revoke: ['令牌总是失效', 'tokens are refused'], f_quota: ['调用次数用尽 (45009)', 'quota spent (45009)'],
  f_twice: ['消息投递两次', 'messages are delivered twice'], f_network: ['网络中断', 'network gone'],
  revoke_now: ['使当前令牌失效', 'revoke the present token'], reset: ['全部重置', 'reset everything'],
  keys_title: ['键盘快捷键', 'Keyboard'],
  k_slash: ['输入消息', 'write a message'], k_plus: ['更多操作', 'more to send'], k_menu: ['菜单', 'the menu'],
  k_user: ['下一个用户', 'next user'], k_tabs: ['桌面的各页', 'the desk’s tabs'], k_save: ['保存脚本', 'save the script'], k_esc: ['关闭', 'close'],
  tab_kept: ['状态', 'State'],
  u_session: ['会话数据', 'Session'], u_no_session: ['没有会话数据', 'no session'],
  u_talks: ['与模型的对话', 'Talks with models'], u_no_talks: ['没有与模型的对话', 'no talk with a model'],
  u_conversations: ['进行中的对话', 'Open conversations'], u_no_conversations: ['没有进行中的对话', 'no conversation is open'],
  u_asked: ['等用户回答', 'waits for an answer'], u_waits: ['已等 {0}', 'for {0}'], u_left: ['还剩 {0}', '{0} left'], u_end: ['结束', 'End'],
  u_kept: ['留存的答复', 'Kept answers'], u_no_kept: ['没有留存的答复', 'no answer is kept'], u_for: ['{0}前', '{0} ago'],
  u_owed: ['待发的答复', 'Owed answers'], u_no_owed: ['没有待发的答复', 'no answer is owed'],
  u_memory: ['存储在内存里，不记待发的答复：用 --store sqlite:FILE', 'a store in memory keeps no owed answers: use --store sqlite:FILE'],
  u_quota: ['客服消息额度', 'Customer service messages'], u_counted: ['机器人的记录：还剩 {0}/{1} 条（从 {2} 算起）', '{0} of {1} left by the bot’s count (since {2})'],
  u_none_counted: ['自用户上次操作后，机器人还没有发过', 'the bot has sent none since the user’s last act'],
  u_platform: ['平台还允许发 {0}/{1} 条', 'the platform takes {0} more of {1}'], u_refused: ['这类账号不能发客服消息', 'this kind of account may send none'], u_no_act: ['用户还没有操作过，平台一条也不让发', 'the user has done nothing yet: the platform takes none'],
  u_keys: ['脚本的存储', 'The script’s store'], u_no_keys: ['没有以此开头的键', 'no key begins with that'], u_prefix: ['键的开头', 'keys that begin with'],
  u_more: ['还有更多，请把开头写长一些', 'there are more: narrow the search'], u_cut: ['只显示开头，共 {0} 字节', 'the beginning of {0} bytes'],
  u_delete: ['删除', 'Delete'], u_delete_sure: ['删除键 {0}？', 'Delete the key {0}?'],
  u_forget: ['忘记此用户…', 'Forget this user…'],
  u_forget_sure: ['忘记{0}？会话数据、对话、留存和待发的答复都会删除，无法恢复。', 'Forget {0}? Session, conversations, kept and owed answers go for good.'],
  u_elsewhere: ['机器人在 {0}，不在这个进程里：它留存的内容要去那边看（wemoon repl --attach，/desk）', 'The bot is at {0}, not in this process: what it keeps is seen there (wemoon repl --attach, /desk)'],
  editor: ['脚本编辑器', 'script editor'],
  never: ['不过期', 'never'], days: ['{0} 天', '{0} d'], hours: ['{0} 小时', '{0} h'], minutes: ['{0} 分钟', '{0} min'],
  a_owed: ['脚本仍在运行', 'the script goes on'], a_kept: ['等用户下一条消息', 'waits for the user’s next message'], a_promised: ['已答应，尚未完成', 'promised, not ready yet'],
};

let column = 0;

export function language() { return column === 0 ? 'zh-CN' : 'en'; }

export function choose(name) {
  column = name.startsWith('zh') ? 0 : 1;
  document.documentElement.lang = language();
  keep('language', language());
}

export function choose_first() {
  choose(kept('language') || navigator.language || 'zh-CN');
}

// t('serving', 'bot.lua') returns a text in the current language, {0} replaced by 'bot.lua'.
export function t(key, ...values) {
  const text = words[key]?.[column] ?? key;
  return text.replace(/\{(\d)\}/g, (_, n) => values[n]);
}

// Returns a text that the program wrote in English in the current language.
export function said(text) {
  for (const key in words) {
    const found = key.includes(' ') && new RegExp(`^${key.replace(/\{\d\}/g, '(.+)')}$`).exec(text);
    if (found) return t(key, ...found.slice(1));
  }
  return text;
}
