// The far end of bot/attach_session.c: reads lines here, has them run there, prints what comes back.
#include "cli/repl_attach.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mutex.h"
#include "base/visible.h"
#include "bot/channel.h"
#include "cli/attach_place.h"
#include "cli/ctrl_c.h"
#include "cli/inputs.h"
#include "cli/language.h"
#include "cli/reference.h"
#include "codec/json.h"

enum { GREETING_MS = 5000, COMPLETION_MS = 2000, ENDED_MS = 5000, FOUND_MAX = 16 };

// ---- looking for the bot ------------------------------------------------------------------------

typedef struct {
  char path[PATH_MAX];
  char script[PATH_MAX];
  int64_t pid;
  bool ends;  // it knows the word "end"
} Found;

typedef struct {
  char script[PATH_MAX], config[PATH_MAX];  // whole paths that the bot must have; empty: any
  Found found[FOUND_MAX];
  size_t count;
  Channel channel;    // to the last one found
  char refused[256];  // the last one that was there and did not fit, or did not let in
} Search;

static void copy_text(const Json *object, const char *key, char *out) {
  const Json *value = json_get(object, str_of(key));
  Str text = value && json_kind(value) == JSON_STRING ? json_string(value) : STR("");
  snprintf(out, PATH_MAX, "%.*s", STR_FMT(text));
}

static bool read_greeting(Str text, Found *found, char config[PATH_MAX]) {
  Err err;
  JsonDoc *parsed = json_parse(text, &err);
  const Json *root = parsed ? json_root(parsed) : NULL;
  const Json *pid = root ? json_get(root, STR("pid")) : NULL;
  bool ok = pid && json_kind(pid) == JSON_INT;
  if (ok) {
    found->pid = json_int(pid);
    found->ends = json_get(root, STR("ends")) != NULL;
    copy_text(root, "script", found->script);
    copy_text(root, "config", config);
  }
  json_free(parsed);
  return ok;
}

static bool fits(const Search *search, const Found *found, const char *config) {
  if (search->script[0]) return strcmp(search->script, found->script) == 0;
  return !search->config[0] || !config[0] || strcmp(search->config, config) == 0;
}

// False with the reason in search->refused, or nobody there.
static bool greet(Search *search, Channel *channel, const char *path) {
  char word[CHANNEL_WORD_MAX], config[PATH_MAX];
  Str text;
  int pid;
  unsigned uid = 0;
  Found *found = &search->found[search->count];
  snprintf(found->path, sizeof found->path, "%s", path);
  // What is typed must reach this user's bot, not one that waits for it in a place that is open to all.
  bool ours = channel_peer(channel, &pid, &uid) && (uid == geteuid() || geteuid() == 0);
  if (!ours) {
    snprintf(search->refused, sizeof search->refused, "%.150s belongs to user %u, not to this one",
             path, uid);
    return false;
  }
  if (channel_read(channel, GREETING_MS, word, &text) != CHANNEL_READ) return false;
  if (strcmp(word, "wemoon") == 0)
    return read_greeting(text, found, config) && fits(search, found, config);
  snprintf(search->refused, sizeof search->refused, "%.150s: %.*s", path,
           (int)(text.len > 90 ? 90 : text.len), text.ptr);
  return false;
}

static void try_one(void *ctx, const char *path) {
  Search *search = ctx;
  Channel channel;
  int fd = search->count < FOUND_MAX ? attach_place_connect(path) : -1;
  if (fd < 0) {
    if (errno == EACCES)
      snprintf(search->refused, sizeof search->refused, "%.150s: %s", path, strerror(errno));
    return;
  }
  channel_open(&channel, fd);
  if (!greet(search, &channel, path)) {
    channel_close(&channel);
    return;
  }
  if (search->count++ > 0) channel_close(&search->channel);
  search->channel = channel;
}

static bool one_of_several(const Search *search, Err *err) {
  Buf list;
  buf_init(&list);
  for (size_t i = 0; i < search->count; i++)
    buf_printf(&list, language_text("\n  --attach=%s  (process %lld, %s)"), search->found[i].path,
               (long long)search->found[i].pid, search->found[i].script);
  err_set(err, ERR_USAGE, "several bots are running: name the socket of one%.*s",
          STR_FMT(buf_str(&list)));
  buf_clear(&list);
  return false;
}

static bool look_in_folder(Search *search, const Config *config, const char *beside, Err *err) {
  Buf folder;
  buf_init(&folder);
  bool ok = attach_place_folder(config, beside, &folder, err);
  if (ok) attach_place_list(folder.ptr, try_one, search);
  if (ok && search->count == 0)
    ok = search->refused[0]
             ? err_set(err, ERR_FAILED, "%s", search->refused)
             : err_set(err, ERR_FAILED,
                       "no running bot of this configuration (looked for %swemoon-PID.sock): start "
                       "it with `wemoon run` or `wemoon dev`, or name the socket: --attach=SOCKET",
                       folder.ptr);
  buf_clear(&folder);
  return ok;
}

static bool look_at(Search *search, const char *path, Err *err) {
  errno = 0;
  try_one(search, path);
  int why = errno;
  if (search->count > 0) return true;
  if (search->refused[0]) return err_set(err, ERR_FAILED, "%s", search->refused);
  return err_set(err, ERR_FAILED, "%s: no bot listens there: %s", path,
                 why ? strerror(why) : "it is another's");
}

static bool search_bot(Search *search, Invocation *in, Err *err) {
  const char *named = options_value(&in->arguments, "attach");
  const char *script = in->arguments.count ? in->arguments.positionals[0] : NULL;
  const char *file = config_file(in->config);
  if (strcmp(named, "attach") != 0) return look_at(search, named, err);
  if (!attach_place_wanted(in->config))
    return err_set(err, ERR_USAGE,
                   "the configuration says attach = false: the bot has no socket to attach to");
  if (script && !realpath(script, search->script)) search->script[0] = '\0';
  if (file && !realpath(file, search->config)) search->config[0] = '\0';
  Str path = attach_place_named(in->config);
  if (path.len > 0) return look_at(search, path.ptr, err);
  if (!look_in_folder(search, in->config, script ? script : file, err)) return false;
  return search->count == 1 || one_of_several(search, err);
}

// ---- the conversation ---------------------------------------------------------------------------

typedef struct {
  Channel channel;
  pthread_mutex_t sending;
  Prompt *prompt;
  atomic_bool running, over;
  bool ends;  // the bot knows the word "end"
  bool completes;
  CtrlC ctrl_c;
  int columns;
  const Command *const *commands;  // of wemoon, for .help
} Attached;

static bool say(Attached *attached, const char *word, Str text) {
  pthread_mutex_lock(&attached->sending);
  bool ok = channel_send(&attached->channel, word, text);
  pthread_mutex_unlock(&attached->sending);
  return ok;
}

// A line is being typed.
static void show_note(const Attached *attached, Str text) {
  Buf note;
  buf_init(&note);
  buf_add(&note, STR("· "));
  visible_add(&note, text);
  buf_addc(&note, '\n');
  prompt_show(attached->prompt, buf_str(&note));
  buf_clear(&note);
}

// What the bot says besides its answers.
static void tell_note(const Attached *attached, Str text) {
  if (attached->completes) return show_note(attached, text);
  if (!prompt_is_terminal(attached->prompt)) return report("repl", "%.*s", STR_FMT(text));
  fputs("· ", stdout);
  report_print(text);
  putchar('\n');
}

// Reads on to the answer of that kind, or to CHANNEL_OVER or CHANNEL_NOTHING.
static ChannelResult await(Attached *attached, const char *kind, int timeout_ms,
                           char word[CHANNEL_WORD_MAX], Str *text) {
  for (;;) {
    ChannelResult result = channel_read(&attached->channel, timeout_ms, word, text);
    if (result != CHANNEL_READ || strcmp(word, kind) == 0 || strcmp(word, "failed") == 0 ||
        strcmp(word, "refused") == 0)
      return result;
    bool tells = strcmp(word, "note") == 0 || strcmp(word, "ended") == 0;
    if (tells && text->len > 0) tell_note(attached, *text);
  }
}

static InputResult gone(Attached *attached) {
  if (!atomic_exchange(&attached->over, true)) report("repl", "the bot has ended");
  return INPUT_GONE;
}

static void tell_columns(Attached *attached) {
  char columns[16];
  int now = prompt_columns();
  if (now == attached->columns || !prompt_is_terminal(attached->prompt)) return;
  attached->columns = now;
  snprintf(columns, sizeof columns, "%d", now);
  say(attached, "resize", str_of(columns));
}

static InputResult run_input(void *ctx, Str input) {
  Attached *attached = ctx;
  char word[CHANNEL_WORD_MAX];
  Str text;
  tell_columns(attached);
  ctrl_c_forget(&attached->ctrl_c);  // that one was for the input before
  if (!say(attached, "line", input)) return gone(attached);
  atomic_store(&attached->running, true);
  ChannelResult result = await(attached, "answer", -1, word, &text);
  atomic_store(&attached->running, false);
  if (result != CHANNEL_READ) return gone(attached);
  if (strcmp(word, "answer") == 0) return inputs_say_safely(text);
  report_print(text);
  putchar('\n');
  fflush(stdout);
  return INPUT_FAILED;
}

static bool ask_candidates(Attached *attached, Str before, Str *answer) {
  char word[CHANNEL_WORD_MAX];
  attached->completes = true;
  bool ok = say(attached, "complete", before) &&
            await(attached, "candidates", COMPLETION_MS, word, answer) == CHANNEL_READ &&
            strcmp(word, "candidates") == 0;
  attached->completes = false;
  return ok;
}

static void complete(void *ctx, Str before, Buf *candidates, size_t *length) {
  Str text, number, rest;
  int64_t taken = 0;
  if (!ask_candidates(ctx, before, &text)) return;
  str_cut(text, '\n', &number, &rest);
  if (str_to_int64(number, &taken) && taken >= 0) *length = (size_t)taken;
  visible_add(candidates, rest);
}

// The second Ctrl-C while a line is typed, which drops the line: ends what this prompt's inputs have spawned in the
// bot.
static void on_interrupt(void *ctx) {
  Attached *attached = ctx;
  char word[CHANNEL_WORD_MAX];
  Str text;
  if (!ctrl_c_is_second(&attached->ctrl_c) || !attached->ends) return;
  if (say(attached, "end", STR("")) &&
      await(attached, "ended", ENDED_MS, word, &text) == CHANNEL_READ && text.len > 0)
    tell_note(attached, text);
}

// Ctrl-C ends the input that runs in the bot; the second one what this prompt's inputs have spawned, too; nothing else
// there.
static void *watch_interrupts(void *ctx) {
  Attached *attached = ctx;
  sigset_t set;
  int number;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  while (sigwait(&set, &number) == 0) {
    bool second = ctrl_c_is_second(&attached->ctrl_c) && attached->ends;
    if (atomic_load(&attached->running)) say(attached, second ? "end" : "interrupt", STR(""));
  }
  return NULL;
}

// Says at once that the bot has ended, whatever is being typed.
static void *watch_bot(void *ctx) {
  Attached *attached = ctx;
  struct pollfd wait = { .fd = attached->channel.fd, .events = POLLRDHUP };
  while (poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  if (!atomic_load(&attached->running) && !atomic_exchange(&attached->over, true))
    prompt_show(attached->prompt, str_of(language_text("· the bot has ended\n")));
  return NULL;
}

static bool say_hello(Attached *attached) {
  const char *no_color = getenv("NO_COLOR");
  bool terminal = prompt_is_terminal(attached->prompt);
  Buf json;
  buf_init(&json);
  attached->columns = prompt_columns();
  buf_printf(&json, "{\"columns\":\"%d\",\"terminal\":\"%s\",\"color\":\"%s\",\"lang\":\"%s\",",
             attached->columns, terminal ? "yes" : "",
             terminal && !(no_color && no_color[0]) ? "yes" : "", language_of_environment());
  reference_prompt(attached->commands, &json);
  buf_addc(&json, '}');
  bool said = say(attached, "hello", buf_str(&json));
  buf_clear(&json);
  return said;
}

static bool introduce(Attached *attached, Str *banner, Err *err) {
  char word[CHANNEL_WORD_MAX];
  if (say_hello(attached) && await(attached, "ready", -1, word, banner) == CHANNEL_READ) {
    if (strcmp(word, "ready") == 0) return true;
    return err_set(err, ERR_FAILED, "the bot refuses: %.*s", STR_FMT(*banner));
  }
  return err_set(err, ERR_FAILED, "the bot has ended");
}

static void end_thread(pthread_t thread, bool began) {
  if (!began) return;
  pthread_cancel(thread);
  pthread_join(thread, NULL);
}

static int converse(Attached *attached) {
  Err err;
  Str banner;
  pthread_t interrupts = 0, bot = 0;
  if (!introduce(attached, &banner, &err)) return report_err("repl", &err);
  inputs_say_safely(banner);
  bool watches = pthread_create(&interrupts, NULL, watch_interrupts, attached) == 0;
  bool watches_bot =
      prompt_is_terminal(attached->prompt) && pthread_create(&bot, NULL, watch_bot, attached) == 0;
  int status = inputs_read(attached->prompt, "月 live > ", run_input, attached, NULL);
  end_thread(interrupts, watches);
  end_thread(bot, watches_bot);
  return status;
}

int repl_attach(Invocation *in) {
  Err err;
  Search *search = calloc(1, sizeof *search);
  Attached attached = { .commands = in->commands };
  PromptOptions prompt_options = { .complete = complete,
                                   .interrupted = on_interrupt,
                                   .ctx = &attached };
  if (!search || !search_bot(search, in, &err)) {
    if (!search) err_set(&err, ERR_MEMORY, "no memory");
    if (search && search->count > 0) channel_close(&search->channel);
    free(search);
    return report_err("repl", &err);
  }
  attached.channel = search->channel;
  attached.ends = search->found[search->count - 1].ends;
  free(search);
  mutex_init_brief(&attached.sending);
  attached.prompt = prompt_open(&prompt_options, &err);
  int status = attached.prompt ? converse(&attached) : report_err("repl", &err);
  if (attached.prompt) prompt_close(attached.prompt);
  channel_close(&attached.channel);
  pthread_mutex_destroy(&attached.sending);
  return status;
}
