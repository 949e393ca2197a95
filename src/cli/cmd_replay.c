// `wemoon replay`: what was captured, played against a script; the replies that differ.
#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/secrets.h"
#include "base/visible.h"
#include "cli/output_text.h"
#include "cli/preflight.h"
#include "cli/replay_log.h"
#include "cli/replay_rid.h"
#include "cli/replay_spec.h"
#include "dev/replay.h"
#include "wechat/message.h"
#include "wechat/reply.h"

enum { THREADS = 8 };

static const Option options[] = {
  { .name = "spec",
    .argument = "OPENID",
    .may_lack_value = true,
    .help = "write the captured messages of that user (default: of the user with most) as a spec; "
            "play nothing" },
  { .name = NULL },
};

typedef struct {
  const char *path;
  XmlParser *parser;
  NodeTree tree;
  size_t differ;
} Comparison;

// ---- comparing ----------------------------------------------------------------------------------

static Str text_at(const Json *line, const char *name) {
  const Json *value = line ? json_get(line, str_of(name)) : NULL;
  return value ? json_string(value) : STR("");
}

static bool is_answered(const Json *line) {
  const Json *out = line ? json_get(line, STR("out")) : NULL;
  return out && json_kind(out) == JSON_STRING;
}

static const Json *first_late(const Json *line) {
  return line ? json_first(json_get(line, STR("late"))) : NULL;
}

static Str element(const NodeTree *tree, const char *name) {
  uint32_t index = tree->count ? node_child(tree, 0, str_of(name)) : NODE_NONE;
  return index == NODE_NONE ? STR("") : node_text(tree, index);
}

static Str late_text(const Json *part) {
  const Json *text = json_get(part, STR("text"));
  return text ? text_at(text, "content") : STR("");
}

// The simulated platform numbers its calls anew.
static void add_without_rids(Buf *out, Str text) {
  while (text.len) buf_add(out, replay_rid_cut(text, &text));
}

static void add_without_blanks(Buf *out, Str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!isspace((unsigned char)text.ptr[i])) buf_addc(out, text.ptr[i]);
  }
}

static void add_text(Buf *out, Str text) {
  Buf lasting;
  buf_init(&lasting);
  add_without_rids(&lasting, text);
  add_without_blanks(out, buf_str(&lasting));
  buf_clear(&lasting);
}

// The document without its CreateTime.
static void add_document(Buf *out, Str xml) {
  ptrdiff_t from = str_find(xml, STR("<CreateTime>")), to = str_find(xml, STR("</CreateTime>"));
  bool timed = from >= 0 && to > from;
  add_without_rids(out, timed ? str_sub(xml, 0, (size_t)from) : xml);
  if (timed) add_without_rids(out, str_sub(xml, (size_t)to, xml.len));
}

static void add_late(Buf *out, const Json *part) {
  if (late_text(part).len) add_text(out, late_text(part));
  else json_add_value(out, part);
}

// All that the user reads, in its order: how it was divided into parts depends on the moment.
static void add_all(Comparison *c, const Json *line, Buf *out) {
  Str xml = text_at(line, "out");
  bool text = xml.len && xml_parse(c->parser, xml, &c->tree, NULL) &&
              str_eq(element(&c->tree, "MsgType"), STR("text"));
  if (!is_answered(line)) buf_add(out, STR("-"));
  if (text) add_text(out, element(&c->tree, "Content"));
  else add_document(out, xml);
  for (const Json *part = first_late(line); part; part = json_next(part)) add_late(out, part);
}

static bool is_same(Comparison *c, const ReplayMessage *message) {
  Buf then, now;
  buf_init(&then);
  buf_init(&now);
  add_all(c, message->then, &then);
  add_all(c, message->now, &now);
  bool same = message->now && str_eq(buf_str(&then), buf_str(&now));
  buf_clear(&then);
  buf_clear(&now);
  return same;
}

// ---- saying it ----------------------------------------------------------------------------------

enum { INDENT = 12 };  // of the answers

// Prints the text with its further lines indented, so that nobody's words look like a line of this command.
static void print_text(Str text) {
  Buf shown;
  buf_init(&shown);
  visible_add(&shown, text);
  for (size_t i = 0; i < shown.len; i++) {
    putchar(shown.ptr[i]);
    if (shown.ptr[i] == '\n') printf("%*s", INDENT, "");
  }
  putchar('\n');
  buf_clear(&shown);
}

static void print_line(const char *label, Str text) {
  fputs("  ", stdout);
  output_title(label, INDENT - 2);
  print_text(text);
}

// reply_describe says in English that there is no reply: it serves programs too.
static void add_answer(Comparison *c, const Json *line, Buf *out) {
  Str xml = text_at(line, "out");
  bool replied = xml.len && xml_parse(c->parser, xml, &c->tree, NULL);
  if (!is_answered(line)) buf_add(out, str_of(output_text("(no answer)")));
  else if (!replied) buf_add(out, str_of(output_text("(no reply)")));
  else reply_describe(&c->tree, out);
}

static void print_reply(Comparison *c, const char *label, const Json *line) {
  Buf described;
  buf_init(&described);
  add_answer(c, line, &described);
  print_line(label, buf_str(&described));
  for (const Json *part = first_late(line); part; part = json_next(part)) {
    buf_reset(&described);
    buf_add(&described, str_of(output_text("late: ")));
    if (late_text(part).len) buf_add(&described, late_text(part));
    else json_add_value(&described, part);
    print_line("", buf_str(&described));
  }
  buf_clear(&described);
}

static void print_message(Comparison *c, const ReplayMessage *message) {
  char when[32];
  MessageHead head;
  time_t t = (time_t)(message->t_ms / 1000);
  struct tm tm;
  localtime_r(&t, &tm);
  strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
  Buf line;
  buf_init(&line);
  buf_printf(&line, "%s:%zu: %s %.*s", c->path, message->number, when, STR_FMT(message->openid));
  if (message_parse(c->parser, message->in, &c->tree, &head, NULL)) {
    Str what = head.is_event ? head.event_key : element(&c->tree, "Content");
    buf_printf(&line, " %.*s %.*s", STR_FMT(head.is_event ? head.event : head.msg_type),
               STR_FMT(what));
  }
  print_text(buf_str(&line));
  buf_clear(&line);
}

static void compare(Comparison *c, const ReplayMessage *message) {
  if (is_same(c, message)) return;
  c->differ++;
  print_message(c, message);
  print_reply(c, "captured", message->then);
  print_reply(c, "now", message->now);
}

static int compare_all(const Replay *replay, const char *path) {
  Comparison c = { .path = path, .parser = xml_parser_new() };
  nodes_init(&c.tree);
  for (size_t i = 0; c.parser && i < replay_count(replay); i++)
    compare(&c, replay_message(replay, i));
  size_t count = replay_count(replay);
  printf(count == 1 ? output_text("%zu message, %zu differ\n")
                    : output_text("%zu messages, %zu differ\n"),
         count, c.differ);
  nodes_clear(&c.tree);
  xml_parser_free(c.parser);
  return c.differ ? STATUS_FAILED : STATUS_DONE;
}

// ---- the command --------------------------------------------------------------------------------

static bool has_sent_late(const Replay *replay) {
  for (size_t i = 0; i < replay_count(replay); i++) {
    if (first_late(replay_message(replay, i)->then)) return true;
  }
  return false;
}

// A bot that was given no credentials could write to nobody: `auto` kept what came late. A capture with late parts is
// of a bot that could, whatever the configuration here says. Call it before an account is simulated.
static bool keeps_late(const Config *config, const Replay *replay) {
  return str_eq(config_text(config, "late_reply"), STR("auto")) &&
         !config_has_credentials(config) && !has_sent_late(replay);
}

static bool configure(Invocation *in, const char *script, Account *account, BotOptions *bot,
                      Err *err) {
  config_simulate_account(in->config);
  if (!config_account(in->config, account, err) ||
      !config_bot(in->config, script, account, bot, err))
    return false;
  bot->watch = false;
  bot->dedup_window_s = 0;
  secrets_hash_openids(NULL);  // those of the capture are in the form that they are to have
  if (config_source(in->config, "log_level") == CONFIG_FROM_DEFAULT) log_setup(LOG_WARN, LOG_TEXT);
  return true;
}

// Plays with standard error in place of standard output, which is for the differences alone: a script prints what
// strangers wrote.
static bool play_aside(Replay *replay, DevServerOptions *devserver, BotOptions *bot, Err *err) {
  fflush(stdout);
  int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return err_set(err, ERR_FAILED, "standard output: %s", strerror(errno));
  bool played = replay_play(replay, devserver, bot, err);
  fflush(stdout);
  clearerr(stdout);  // what could not be written to standard error is no failure of standard output
  dup2(out, STDOUT_FILENO);
  close(out);
  return played;
}

static int play(Invocation *in, Replay *replay, const char *path, const char *script) {
  Account account;
  BotOptions bot;
  Err err;
  config_simulate_account(in->config);
  if (!command_configure(in, script, false, false)) return STATUS_USAGE;
  preflight_warn(in->config, WARN_OF_ZONE);
  bool keeps = keeps_late(in->config, replay);
  if (!preflight_script(script, &err) || !configure(in, script, &account, &bot, &err))
    return report_err("replay", &err);
  if (keeps) bot.late_reply = LATE_KEEP;
  DevServerOptions devserver_options = {
    .account = &account,
    .bot = &bot,
    .api_timeout_ms = config_integer(in->config, "api_timeout_s") * 1000,
  };
  config_server(in->config, &devserver_options.server);
  devserver_options.server.listen = STR("127.0.0.1:0");
  devserver_options.server.threads = THREADS;
  replay_begin(replay);
  replay_log_begin(config_source(in->config, "log_level") == CONFIG_FROM_DEFAULT);
  bool played = play_aside(replay, &devserver_options, &bot, &err);
  replay_log_end();
  if (!played) return report_err("replay", &err);
  return compare_all(replay, path);
}

static int write_spec(Invocation *in, const Replay *replay, const char *path, const char *script,
                      const char *openid) {
  bool named = strcmp(openid, "spec") != 0;
  config_simulate_account(in->config);
  if (!command_load(in, script, !script, TOKEN_UNNEEDED)) return STATUS_USAGE;
  ReplayTalk talk = { .replay = replay,
                      .path = path,
                      .openid = str_of(named ? openid : ""),
                      .keeps_late = keeps_late(in->config, replay) };
  if (replay_spec_print(&talk)) return STATUS_DONE;
  report("replay", "%s has no message of %s", path, named ? openid : "anybody");
  return STATUS_FAILED;
}

static int run(Invocation *in) {
  const char *path = in->arguments.positionals[0];
  const char *spec = options_value(&in->arguments, "spec");
  const char *script = in->arguments.count > 1 ? in->arguments.positionals[1] : NULL;
  Err err;
  if (!spec && !script)
    return report_usage("replay", "an argument is missing: wemoon replay CAPTURE BOT.lua");
  Replay *replay = replay_read(path, &err);
  if (!replay) return report_err("replay", &err);
  int status = spec ? write_spec(in, replay, path, script, spec) : play(in, replay, path, script);
  replay_free(replay);
  return status;
}

const Command command_replay = {
  .name = "replay",
  .usage = "CAPTURE BOT.lua",
  .summary = "Play captured messages against a script; print the replies that differ",
  .details =

      "CAPTURE is a file that `capture = FILE` wrote. The script runs at the captured times "
      "against a\n"
      "simulated platform that knows the captured users as followers; its requests to other hosts "
      "get the\n"
      "captured answers, or nil and an error. Late parts are compared too: the whole text that a "
      "user\n"
      "reads, however it was divided. What the script prints goes to standard error, and what the "
      "log says\n"
      "of several messages stands there once; all of it with --log-level warn. Exit status "
      "1 if\n"
      "anything differs. With --spec nothing is played, and BOT.lua may be omitted.\n"
      "A platform's `rid` in a text is not compared. Where the configuration has no appid and "
      "appsecret, and the\n"
      "capture no late part, late_reply = auto keeps what is late, as it did in the bot, and the "
      "spec has the kind\n"
      "of account that cannot send it.\n",
  .options = options,
  .least = 1,
  .most = 2,
  .configured = true,
  .run = run,
};
