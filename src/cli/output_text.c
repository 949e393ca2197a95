// A test ensures that every text that a command prints for a person is here, or named there as no words of a language
// (tests/lua/output_zh_test.lua).
#include "cli/output_text.h"

#include <stdio.h>
#include <string.h>

#include "cli/language.h"

static const struct {
  const char *english, *chinese;
} texts[] = {
  // run and dev
  { "wemoon %s: serving %s on %s (%s mode)%s\n",
    "wemoon %s：正在运行 %s，地址 %s （%s 模式）%s\n" },
  { ": waiting for a script that loads; correct it and save it", "：脚本还不能载入；请改正并保存" },
  { "talk to it from another terminal:\n  ", "在另一个终端里和它说话：\n  " },
  { "  (with the same %s in its environment, as %s)\n",
    "  （那个终端的环境变量里要有同样的 %s，即 %s）\n" },
  { "wemoon %s: the simulated platform is %s, for a bot at %s\n",
    "wemoon %s：模拟平台在 %s ，机器人的地址：%s\n" },
  { "an address to give as --callback URL", "还没有给出（用 --callback URL 给出）" },
  { "the account that it plays (what you configured is masked):\n",
    "它模拟的账号（你自己配置的内容已遮住）：\n" },
  { "mode", "模式" },
  { "the API's address, in place of https://api.weixin.qq.com:\n  %s\n",
    "接口的地址，代替 https://api.weixin.qq.com ：\n  %s\n" },
  { "how SDKs are told of it:\n", "在各 SDK 里这样设置：\n" },
  { "chat with it in a browser:\n  %s/console\n", "在浏览器里和它聊天：\n  %s/console\n" },

  // check
  { "ok: %s: %.*s; %s mode; %s%s\n", "正常：%s：%.*s；%s 模式；%s%s\n" },
  { "configuration from ", "配置来自 " },
  { "no configuration file", "没有配置文件" },

  // new
  { "%s has a bot, its spec and its configuration. Now:\n  cd ",
    "%s 里有了机器人、它的测试和配置。接下来：\n  cd " },
  { "%s has a bot, its menu and its configuration. Now:\n  cd ",
    "%s 里有了机器人、它的菜单和配置。接下来：\n  cd " },
  { "chat with it in the browser", "在浏览器里和它聊天" },
  { "run its spec", "运行它的测试" },
  { "serve it, once config.lua has your account's token",
    "在 config.lua 里写上账号的 token 之后，上线" },

  // test and replay
  { "error: ", "错误：" },
  { "warning: ", "警告：" },
  { "    -- the bot's log:\n", "    -- 机器人的日志：\n" },
  { "%zu message, %zu differ\n", "%zu 条消息，%zu 条不同\n" },
  { "%zu messages, %zu differ\n", "%zu 条消息，%zu 条不同\n" },
  { "captured", "录下的" },
  { "now", "现在" },
  { "(no answer)", "（没有应答）" },
  { "(no reply)", "（没有回复）" },
  { "late: ", "迟到：" },
  { " (%zu times)", "（%zu 次）" },
  { "and %zu other lines\n", "另外还有 %zu 行\n" },
  { "-- What %.*s and the bot said, from %s. wemoon test THIS_FILE --bot BOT.lua\n\ntest(",
    "-- %.*s 和机器人说的话，录在 %s 里。wemoon test 本文件 --bot BOT.lua\n\ntest(" },
  { "the talk of %.*s, %s", "%.*s 的对话，%s" },

  // status
  { "state", "状态" },
  { "ok", "正常" },
  { "stopping", "正在停止" },
  { "stalled", "脚本卡住了" },
  { "up for", "已运行" },
  { "script", "脚本" },
  { "not reloaded", "没有重新载入" },
  { "store", "存储" },
  { "access token", "access_token" },
  { "under way", "正在处理" },
  { "callbacks", "回调" },
  { "late replies", "迟到的回复" },
  { "lost answers", "丢失的答复" },
  { "API calls", "接口调用" },
  { "loads", "载入" },
  { "%.*s (wemoon %.*s)\n", "%.*s（wemoon %.*s）\n" },
  { "%lld d ", "%lld 天 " },
  { "%lld h ", "%lld 小时 " },
  { "%lld min ", "%lld 分 " },
  { "%lld s\n", "%lld 秒\n" },
  { "%.*s, loaded %lld time", "%.*s，载入过 %lld 次" },
  { "%.*s, loaded %lld times", "%.*s，载入过 %lld 次" },
  { ", in %lld Lua states", "，在 %lld 个 Lua 状态里" },
  { "works", "正常" },
  { "away: ", "无法使用：" },
  { "%.*s, %s", "%.*s，%s" },
  { "none yet\n", "还没有\n" },
  { "%lld messages, %lld conversations wait\n", "%lld 条消息，%lld 个对话在等用户\n" },
};

// Returns NULL if the language is English, or if the table lacks the text.
static const char *find(Str english) {
  if (strcmp(language_of_environment(), "zh") != 0) return NULL;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (str_eq(english, str_of(texts[i].english))) return texts[i].chinese;
  }
  return NULL;
}

const char *output_text(const char *english) {
  const char *chinese = find(str_of(english));
  return chinese ? chinese : english;
}

Str output_word(Str english) {
  const char *chinese = find(english);
  return chinese ? str_of(chinese) : english;
}

// Of UTF-8: a byte from 0xE0 begins a character that is wide here, one from 0x80 to 0xBF goes on with it.
static int columns_of(const char *text) {
  int columns = 0;
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    columns += *c >= 0xE0 ? 2 : *c < 0x80;
  return columns;
}

void output_title(const char *english, int columns) {
  const char *text = output_text(english);
  int missing = columns - columns_of(text);
  printf("%s%*s", text, missing > 0 ? missing : 0, "");
}
