// One attached prompt, on its own thread. Each input runs in the bot's interpreter, in its own task; commands that need
// no script (.reload, .conversations, .end) run on this thread.
//
// The prompt sends hello (its settings, JSON), line, complete, resize, interrupt, end. The bot sends wemoon (its
// identity, JSON), refused, ready, note, answer (a word, a newline, a text), failed, candidates, ended.
#include "bot/attach_session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/visible.h"
#include "bot/prompt_text.h"
#include "codec/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  HELLO_MS = 5000,
  INPUT_MAX = 256 << 10,  // bytes
  LOGGED_MAX = 500,       // of an input, in the log
  LISTED_MAX = 200,       // conversations
};

// In the language of the prompt.
__attribute__((format_arg(2))) static const char *say(const Session *session, const char *english) {
  return prompt_text(english, session->chinese);
}

// ---- inputs in the interpreter ------------------------------------------------------------------

// Whether that frame has arrived.
static bool arrived(Session *session, const char *word) {
  ChannelResult result = channel_take(&session->channel, word);
  session->gone = session->gone || result == CHANNEL_OVER;
  return result == CHANNEL_READ;
}

// Looks for "interrupt" and "end" while an input runs; other frames wait for its end.
static bool should_stop(void *ctx) {
  Session *session = ctx;
  if (atomic_load(session->stopping) || session->gone) return true;
  session->ends_all = session->ends_all || arrived(session, "end");
  session->interrupted = session->interrupted || session->ends_all || arrived(session, "interrupt");
  return session->gone || session->interrupted;
}

static bool call(Session *session, Interpreter *in, const char *function, Str argument, Err *err) {
  PromptCall prompt = { .session = session->number,
                        .program = "repl/init.lua",
                        .about = buf_str(session->about),
                        .function = function,
                        .argument = argument,
                        .stop = should_stop,
                        .stop_ctx = session };
  buf_reset(&session->out);
  return interpreter_prompt(in, &prompt, &session->out, err);
}

// Begins the prompt's program in a new interpreter, because a reload has replaced the previous one.
static bool begin(Session *session, Interpreter *in, Err *err) {
  if (session->interpreter == interpreter_number(in)) return true;
  bool again = session->interpreter != 0;
  if (!call(session, in, "start", buf_str(&session->settings), err)) return false;
  session->interpreter = interpreter_number(in);
  return !again ||
         channel_send(&session->channel, "note",
                      str_of(say(session, "the script was loaded anew: its globals are new, and so "
                                          "is `menu`")));
}

static bool call_program(Session *session, const char *function, Str argument, Err *err) {
  Interpreter *in = bot_interpreter(session->options->bot);
  bool ok = begin(session, in, err) && call(session, in, function, argument, err);
  interpreter_release(in);
  return ok;
}

static void end_program(Session *session) {
  Interpreter *in = bot_interpreter(session->options->bot);
  if (session->interpreter == interpreter_number(in)) interpreter_prompt_end(in, session->number);
  interpreter_release(in);
}

// Writes what it did; nothing if nothing ran. What ran before a reload is in an interpreter that is nobody's any more.
static void end_tasks(Session *session, Buf *told) {
  size_t count;
  Interpreter *in = bot_interpreter(session->options->bot);
  bool free = interpreter_prompt_end_tasks(in, session->number, &count);
  interpreter_release(in);
  if (!free)
    buf_add(told, str_of(say(session, "the bot is busy, the tasks of this prompt go on: press "
                                      "Ctrl-C twice again")));
  if (count > 0)
    buf_printf(told,
               say(session, "the second Ctrl-C ended the tasks of this prompt that ran in the bot: "
                            "%zu"),
               count);
}

// ---- commands of the bot ------------------------------------------------------------------------

static Buf *begin_answer(Session *session, bool good) {
  buf_reset(&session->out);
  buf_add(&session->out, good ? STR("done\n") : STR("failed\n"));
  return &session->out;
}

static void answer(Session *session, bool good, const char *text) {
  buf_printf(begin_answer(session, good), "%s\n", text);
}

static void reload(Session *session, Str rest) {
  Err err;
  const char *script = session->options->script;
  if (bot_reload(session->options->bot, &err)) {
    log_info(".reload: %s was loaded again", script);
    answer(session, true, say(session, "reloaded"));
  } else {
    log_error(".reload: %s was not loaded again, the previous version stays in service: %s", script,
              err.text);
    buf_add(begin_answer(session, false),
            str_of(say(session, "not reloaded, the previous version stays in service: ")));
    visible_add(&session->out, str_of(err.text));
    buf_addc(&session->out, '\n');
  }
}

static void add_duration(const Session *session, Buf *out, int64_t s) {
  if (s >= 86400) buf_printf(out, say(session, "%lld d"), (long long)(s / 86400));
  else if (s >= 3600) buf_printf(out, say(session, "%lld h"), (long long)(s / 3600));
  else if (s >= 60) buf_printf(out, say(session, "%lld min"), (long long)(s / 60));
  else buf_printf(out, say(session, "%lld s"), (long long)(s > 0 ? s : 0));
}

static void add_place(const Session *session, Buf *out, Str place) {
  Buf safe;
  buf_init(&safe);
  visible_add(&safe, place);
  buf_printf(out, say(session, " at %.*s"), STR_FMT(buf_str(&safe)));
  buf_clear(&safe);
}

static void add_conversation(void *ctx, const OpenConversation *one) {
  Session *session = ctx;
  Buf *out = &session->out;
  visible_add(out, one->openid);
  buf_add(out, str_of(say(session, "  asked ")));
  add_duration(session, out, clock_unix_s() - one->since_s);
  buf_add(out, str_of(say(session, " ago")));
  if (one->place.len) add_place(session, out, one->place);
  if (one->left_s >= 0) buf_add(out, str_of(say(session, ", ends in ")));
  if (one->left_s >= 0) add_duration(session, out, one->left_s);
  if (one->question.len) buf_add(out, STR(": "));
  visible_add(out, str_sub(one->question, 0, str_utf8_prefix(one->question, 60)));
  buf_addc(out, '\n');
}

static void list_conversations(Session *session, Str rest) {
  size_t before = begin_answer(session, true)->len;
  bot_conversations(session->options->bot, LISTED_MAX, add_conversation, session);
  if (session->out.len == before)
    answer(session, true, say(session, "nobody is in a conversation"));
}

static void end_conversation(Session *session, Str openid) {
  if (openid.len == 0)
    return answer(session, false, say(session, "whose? .end OPENID; .conversations lists them"));
  if (bot_end_conversation(session->options->bot, openid))
    return answer(session, true, say(session, "ended"));
  answer(session, false,
         say(session, "no conversation of that openid is open: .conversations lists them"));
}

static const struct {
  const char *name;
  void (*run)(Session *session, Str rest);
} commands[] = {
  { ".reload", reload },
  { ".conversations", list_conversations },
  { ".end", end_conversation },
};

static bool run_command(Session *session, Str input) {
  Str name, rest;
  str_cut(str_trim(input), ' ', &name, &rest);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (!str_eq(name, str_of(commands[i].name))) continue;
    commands[i].run(session, str_trim(rest));
    return true;
  }
  return false;
}

// ---- session ------------------------------------------------------------------------------------

static void log_input(const Session *session, Str input) {
  size_t len = str_utf8_prefix(input, LOGGED_MAX);
  log_info("attach %llu: %.*s%s", (unsigned long long)session->number, (int)len,
           input.ptr ? input.ptr : "", len < input.len ? "…" : "");
}

static bool send_answer(Session *session, bool ok, const Err *err) {
  Buf *out = &session->out;
  if (ok && out->len <= CHANNEL_TEXT_MAX && !out->failed)
    return channel_send(&session->channel, "answer", buf_str(out));
  if (ok)
    return channel_send(&session->channel, "failed",
                        str_of(say(session, "the answer is too long to be shown")));
  return channel_send(&session->channel, "failed",
                      str_of(session->interrupted ? say(session, "interrupted") : err->text));
}

static bool tell_ended(Session *session, const char *word) {
  Buf told;
  buf_init(&told);
  end_tasks(session, &told);
  bool sends = told.len > 0 || strcmp(word, "note") != 0;
  bool ok = !sends || channel_send(&session->channel, word, buf_str(&told));
  buf_clear(&told);
  return ok;
}

static bool take_line(Session *session, Str text) {
  Err err = { .text = "" };
  Buf input;
  if (text.len > INPUT_MAX)
    return channel_send(&session->channel, "failed", str_of(say(session, "the input is too long")));
  buf_init(&input);  // `text` is invalid after the next channel_read
  buf_add(&input, text);
  log_input(session, buf_str(&input));
  bool ok =
      run_command(session, buf_str(&input)) || call_program(session, "line", buf_str(&input), &err);
  buf_clear(&input);
  if (session->ends_all && !session->gone && !tell_ended(session, "note")) return false;
  return !session->gone && send_answer(session, ok, &err);
}

// Answers an "end" that came while no line ran.
static bool answer_end(Session *session) {
  return !session->gone && (!session->ends_all || tell_ended(session, "ended"));
}

static bool take_completion(Session *session, Str text) {
  Err err;
  Buf before;
  buf_init(&before);
  buf_add(&before, text);
  bool ok = call_program(session, "complete", buf_str(&before), &err);
  buf_clear(&before);
  return answer_end(session) &&
         channel_send(&session->channel, "candidates", ok ? buf_str(&session->out) : STR("0\n"));
}

static bool take(Session *session, const char *word, Str text) {
  Err err;
  session->interrupted = session->ends_all = false;
  if (strcmp(word, "line") == 0) return take_line(session, text);
  if (strcmp(word, "complete") == 0) return take_completion(session, text);
  if (strcmp(word, "interrupt") == 0) return true;  // the input has already ended
  if (strcmp(word, "end") == 0) return tell_ended(session, "ended");
  if (strcmp(word, "resize") != 0 || text.len > 8) return false;
  char columns[16];
  snprintf(columns, sizeof columns, "%.*s", STR_FMT(text));
  call_program(session, "resize", str_of(columns), &err);
  return answer_end(session);
}

static void read_language(Session *session) {
  Err err;
  JsonDoc *settings = json_parse(buf_str(&session->settings), &err);
  const Json *lang = settings ? json_get(json_root(settings), STR("lang")) : NULL;
  session->chinese = lang && json_kind(lang) == JSON_STRING && str_eq(json_string(lang), STR("zh"));
  json_free(settings);
}

// Keeps the prompt's settings, for the program in the interpreter after a reload.
static bool greet(Session *session) {
  char word[CHANNEL_WORD_MAX];
  Str text;
  Err err = { .text = "" };
  if (!channel_send(&session->channel, "wemoon", buf_str(session->about)) ||
      channel_read(&session->channel, HELLO_MS, word, &text) != CHANNEL_READ ||
      strcmp(word, "hello") != 0 || text.len > INPUT_MAX)
    return false;
  buf_add(&session->settings, text);
  read_language(session);
  log_info("attach %llu: process %d of user %u attached", (unsigned long long)session->number,
           session->pid, session->uid);
  Interpreter *in = bot_interpreter(session->options->bot);
  bool ok = !session->settings.failed && begin(session, in, &err);
  interpreter_release(in);
  if (ok) return channel_send(&session->channel, "ready", buf_str(&session->out));
  channel_send(&session->channel, "refused", str_of(err.text));
  return false;
}

void session_converse(Session *session) {
  char word[CHANNEL_WORD_MAX];
  Str text;
  bool begun = greet(session);
  if (begun) {
    while (!atomic_load(session->stopping) &&
           channel_read(&session->channel, -1, word, &text) == CHANNEL_READ &&
           take(session, word, text)) {
    }
  }
  if (!begun) return;
  if (!atomic_load(session->stopping)) end_program(session);
  log_info("attach %llu: the prompt was closed", (unsigned long long)session->number);
}

Session *session_new(const AttachOptions *options, const Buf *about, const atomic_bool *stopping,
                     int fd) {
  Session *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  session->options = options;
  session->about = about;
  session->stopping = stopping;
  channel_open(&session->channel, fd);
  buf_init(&session->settings);
  buf_init(&session->out);
  return session;
}

void session_free(Session *session) {
  channel_close(&session->channel);
  buf_clear(&session->settings);
  buf_clear(&session->out);
  free(session);
}
