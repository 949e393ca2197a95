// The texts that only the live desk shows, beside those that it shares with the console.

import { words } from './words.js';

Object.assign(words, {
  login_title: ['登录实时管理台', 'Log in to the live desk'], login_label: ['密码（admin_token）', 'password (admin_token)'], login_enter: ['登录', 'Log in'],
  login_wrong: ['密码不对', 'this is not the password'], login_wait: ['错误次数太多，请一分钟后再试', 'too many wrong passwords: try again in a minute'],
  logout: ['退出', 'Log out'], reload: ['重新加载', 'Reload'], connecting: ['正在连接…', 'connecting…'],
  tab_messages: ['消息', 'Messages'], tab_errors: ['错误', 'Errors'], tab_conversations: ['对话', 'Conversations'],
  tab_owed: ['待发和留存', 'Owed and kept'], tab_figures: ['指标', 'Figures'], tab_status: ['状态', 'Status'],
  no_messages: ['新消息会出现在这里', 'messages appear here as they come'], no_errors: ['没有警告和错误', 'no warnings, no errors'],
  no_conversations: ['没有进行中的对话', 'nobody is in a conversation'], no_owed: ['没有待发或留存的答复', 'no answer is owed or kept'], no_figures: ['还没有数据', 'no figures yet'],
  missed: ['来得太快，有 {0} 个事件没有显示', 'too fast to be shown: {0} events were left out'],
  h_user: ['用户', 'user'], h_question: ['问题', 'question'], h_since: ['已等', 'for'], h_left: ['剩余', 'ends in'], h_place: ['位置', 'place'],
  h_message: ['消息', 'message'], h_figure: ['指标', 'figure'], h_labels: ['标签', 'labels'],
  h_value: ['值', 'value'], h_help: ['说明', 'meaning'], of_user: ['此用户的消息', 'this user’s messages'],
  s_status: ['状态', 'state'], s_version: ['版本', 'version'], s_up: ['已运行', 'up for'], s_script: ['脚本', 'script'], s_loads: ['加载次数', 'loads'],
  s_failures: ['加载失败', 'failed loads'], s_states: ['解释器', 'Lua states'], s_store: ['存储', 'store'], s_token: ['access_token 剩余', 'access token for'],
  s_jobs: ['处理中', 'messages under way'], s_waiting: ['等待答复的请求', 'requests that wait'],
  o_replied: ['已回复', 'replied'], o_success: ['无回复', 'no reply'], o_late: ['稍后答复', 'late'], o_late_text: ['已请用户稍候', 'told to wait'], o_kept: ['已留存', 'kept'],
  o_duplicate: ['重复', 'duplicate'], o_unanswered: ['未答复', 'unanswered'], o_failed: ['脚本出错', 'script failed'], o_refused: ['已拒绝', 'refused'], o_lost: ['已丢失', 'lost'],
  o_under_way: ['进行中', 'under way'],
});
