// A test ensures that every text that is asked for is here.
#include "bot/prompt_text.h"

#include <stddef.h>
#include <string.h>

static const struct {
  const char *english, *chinese;
} texts[] = {
  // At a prompt of its own.
  { "reloaded", "已重新载入" },
  { "interrupted", "已中断" },
  { "· the second Ctrl-C ended all that ran at this prompt\n",
    "· 第二次 Ctrl-C 结束了这里还在运行的一切\n" },
  { "· late replies are shown at the next input only: %s\n",
    "· 迟到的回复到下一次输入时才显示：%s\n" },
  { "there is no descriptor for it", "没有可用的文件描述符" },

  // Looking for the running bot.
  { "\n  --attach=%s  (process %lld, %s)", "\n  --attach=%s  （进程 %lld，%s）" },

  // In the running bot.
  { "· the bot has ended\n", "· 机器人已经结束\n" },
  { "the script was loaded anew: its globals are new, and so is `menu`",
    "脚本已重新载入：它的全局变量是新的，`menu` 也是" },
  { "not reloaded, the previous version stays in service: ", "没有重新载入，仍使用之前的版本：" },
  { "the second Ctrl-C ended the tasks of this prompt that ran in the bot: %zu",
    "第二次 Ctrl-C 结束了这个提示符在机器人里还在运行的任务：%zu 个" },
  { "the bot is busy, the tasks of this prompt go on: press Ctrl-C twice again",
    "机器人正忙，这个提示符的任务仍在运行：请再按两次 Ctrl-C" },
  { "the answer is too long to be shown", "结果太长，无法显示" },
  { "the input is too long", "输入太长" },
  { "nobody is in a conversation", "没有人在对话中" },
  { "whose? .end OPENID; .conversations lists them",
    "谁的？.end OPENID；.conversations 列出所有对话" },
  { "no conversation of that openid is open: .conversations lists them",
    "该 openid 没有进行中的对话：.conversations 列出所有对话" },
  { "ended", "已结束" },
  { "  asked ", "  提问于 " },
  { " ago", "前" },
  { " at %.*s", "（%.*s）" },
  { ", ends in ", "，剩余 " },
  { "%lld d", "%lld 天" },
  { "%lld h", "%lld 小时" },
  { "%lld min", "%lld 分钟" },
  { "%lld s", "%lld 秒" },
};

const char *prompt_text(const char *english, bool chinese) {
  for (size_t i = 0; chinese && i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(texts[i].english, english) == 0) return texts[i].chinese;
  }
  return english;
}
