// `wemoon repl`: a prompt with `wechat` in it, beside a bot or none.
#include "cli/command.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mutex.h"
#include "base/visible.h"
#include "cli/chat_watch.h"
#include "cli/ctrl_c.h"
#include "cli/inputs.h"
#include "cli/language.h"
#include "cli/preflight.h"
#include "cli/reference.h"
#include "cli/repl_attach.h"
#include "cli/services.h"
#include "codec/json.h"
#include "dev/devserver.h"
#include "host/feed.h"

enum { THREADS = 16, GRACE_MS = 1000 };

static const Option options[] = {
  { .name = "attach",
    .argument = "SOCKET",
    .may_lack_value = true,
    .help = "work in the running bot of this configuration, or of --attach=SOCKET" },
  { .name = NULL },
};

// The state of the prompt.
typedef struct {
  Invocation *in;
  const char *script;  // NULL: the input at the prompt is the bot
  bool real;           // calls are sent to the real platform
  Account account;
  Services services;  // of the real platform
  BotOptions bot;
  DevServerOptions devserver_options;
  DevServer *devserver;
  InterpreterOptions interpreter_options;
  Feed *feed;
  Interpreter *interpreter;
  Prompt *prompt;
  ChatWatch *chats;         // NULL: none
  int columns;              // of the terminal, as the program knows them
  atomic_bool interrupted;  // Ctrl-C came while an input ran
  atomic_bool settles;      // the pipe has ended, and what its inputs have spawned is waited for
  CtrlC ctrl_c;
  pthread_mutex_t printing;
  Prompt *shows;  // where scripts print; NULL: standard output. Guarded by `printing`
  bool in_line;   // what they printed there last does not end a line. Guarded by `printing`
  Buf out;        // what the program says
} Repl;

// ---- opening ------------------------------------------------------------------------------------

static bool is_given(const Config *config, const char *key) {
  return config_source(config, key) != CONFIG_FROM_DEFAULT && config_text(config, key).len > 0;
}

static bool fill_account(Repl *repl, Err *err) {
  Config *config = repl->in->config;
  repl->real = is_given(config, "appid") &&
               (is_given(config, "appsecret") || is_given(config, "access_token"));
  AccountSettings simulated = { .token = STR("") };
  devserver_fill(&simulated);
  config_fill(config, "token", simulated.token);
  if (!repl->real) {
    config_fill(config, "appid", simulated.appid);
    config_fill(config, "appsecret", simulated.appsecret);
  }
  return config_account(config, &repl->account, err);
}

// ---- what scripts print -------------------------------------------------------------------------

static void print(void *ctx, Str text) {
  Repl *repl = ctx;
  pthread_mutex_lock(&repl->printing);
  if (repl->shows) {
    prompt_print(repl->shows, text);
  } else if (text.len > 0) {
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    repl->in_line = text.ptr[text.len - 1] != '\n';
  }
  pthread_mutex_unlock(&repl->printing);
}

// Scripts may print before the prompt opens and after it has closed.
static void print_at(Repl *repl, Prompt *prompt) {
  pthread_mutex_lock(&repl->printing);
  if (repl->in_line && prompt && prompt_is_terminal(prompt)) putchar('\n');
  repl->in_line = false;
  repl->shows = prompt;
  pthread_mutex_unlock(&repl->printing);
}

// At a terminal all that scripts write must pass the prompt; elsewhere it goes where it went.
static void take_prints(Repl *repl, InterpreterOptions *of) {
  of->print = print;
  of->print_ctx = repl;
  of->takes_stdout = prompt_at_terminal();
  of->takes_stderr = of->takes_stdout && isatty(STDERR_FILENO);
}

// ---- opening the bot ----------------------------------------------------------------------------

// The prompt's interpreter runs a program; its input is not held to a bot's rules.
static void loosen(InterpreterOptions *of, Feed *feed) {
  of->program = "repl/init.lua";
  of->strict = false;
  of->cpu_us_max = 0;
  of->job_timeout_ms = 0;
  of->feed = feed;
}

static bool open_sandbox(Repl *repl, Err *err) {
  Config *config = repl->in->config;
  if (!config_bot(config, repl->script ? repl->script : "the prompt", &repl->account, &repl->bot,
                  err))
    return false;
  take_prints(repl, &repl->bot.interpreter);
  if (!repl->script) {
    loosen(&repl->bot.interpreter, repl->feed);
    repl->bot.watch = false;
    repl->bot.interpreters = 1;
  }
  repl->devserver_options = (DevServerOptions){
    .account = &repl->account,
    .bot = &repl->bot,
    .api = repl->services.api,
    .api_timeout_ms = config_integer(config, "api_timeout_s") * 1000,
    .classic_token = str_eq(config_text(config, "token_api"), STR("classic")),
  };
  config_server(config, &repl->devserver_options.server);
  repl->devserver_options.server.listen = STR("127.0.0.1:0");
  repl->devserver_options.server.threads = THREADS;
  return (repl->devserver = devserver_open(&repl->devserver_options, err)) != NULL;
}

static bool open_interpreter(Repl *repl, Err *err) {
  if (!repl->script) {
    repl->interpreter = bot_interpreter(devserver_bot(repl->devserver));
    return true;
  }
  if (!config_interpreter(repl->in->config, &repl->account, &repl->interpreter_options, err))
    return false;
  loosen(&repl->interpreter_options, repl->feed);
  take_prints(repl, &repl->interpreter_options);
  devserver_lend(repl->devserver, &repl->interpreter_options);
  repl->interpreter = interpreter_new(&repl->interpreter_options, err);
  return repl->interpreter && interpreter_load(repl->interpreter, "the prompt", err);
}

static bool open_all(Repl *repl, Err *err) {
  const char *script = repl->script;
  repl->feed = feed_new();
  if (!repl->feed) return err_set(err, ERR_MEMORY, "no memory");
  if (!fill_account(repl, err)) return false;
  if (repl->real && !services_open(&repl->services, repl->in->config, &repl->account, script,
                                   STORE_IF_IT_OPENS, NULL, err))
    return false;
  return open_sandbox(repl, err) && open_interpreter(repl, err);
}

static void close_all(Repl *repl) {
  if (repl->interpreter) {
    if (repl->script) interpreter_retire(repl->interpreter);
    interpreter_release(repl->interpreter);
  }
  if (!devserver_close(repl->devserver, GRACE_MS)) _exit(STATUS_DONE);
  services_close(&repl->services);
  feed_free(repl->feed);
  buf_clear(&repl->out);
}

// ---- what the program is asked ------------------------------------------------------------------

static void add_member(Buf *json, const char *name, Str value) {
  buf_add(json, json->len ? STR(",") : STR("{"));
  json_add_string(json, str_of(name));
  buf_addc(json, ':');
  json_add_string(json, value);
}

static bool start_program(Repl *repl, Err *err) {
  Buf json;
  buf_init(&json);
  char columns[16];
  repl->columns = prompt_columns();
  snprintf(columns, sizeof columns, "%d", repl->columns);
  const char *no_color = getenv("NO_COLOR");
  bool terminal = prompt_is_terminal(repl->prompt);
  add_member(&json, "sim", str_of(devserver_url(repl->devserver)));
  add_member(&json, "script", str_of(repl->script ? repl->script : ""));
  add_member(&json, "real", repl->real ? config_text(repl->in->config, "api_base") : STR(""));
  add_member(&json, "terminal", str_of(terminal ? "yes" : ""));
  add_member(&json, "color", str_of(terminal && !(no_color && no_color[0]) ? "yes" : ""));
  add_member(&json, "columns", str_of(columns));
  add_member(&json, "lang", str_of(language_of_environment()));
  add_member(&json, "version", str_of(WEMOON_VERSION));
  buf_addc(&json, ',');
  reference_prompt(repl->in->commands, &json);
  buf_addc(&json, '}');
  bool ok = interpreter_program(repl->interpreter, "start", buf_str(&json), &repl->out, err);
  buf_clear(&json);
  return ok;
}

static void complete(void *ctx, Str before, Buf *candidates, size_t *length) {
  Repl *repl = ctx;
  Buf out;
  buf_init(&out);
  if (interpreter_program_alone(repl->interpreter, "complete", before, &out, NULL)) {
    Str number, rest;
    int64_t taken = 0;
    str_cut(buf_str(&out), '\n', &number, &rest);
    if (str_to_int64(number, &taken)) *length = (size_t)taken;
    buf_add(candidates, rest);
  }
  buf_clear(&out);
}

// ---- what the bot sends while a line is typed ------------------------------------------------------

static void on_event(void *ctx) { prompt_wake(((Repl *)ctx)->prompt); }

static void add_news(void *ctx, Buf *lines) {
  Repl *repl = ctx;
  interpreter_program_alone(repl->interpreter, "news", STR(""), lines, NULL);
}

// Without the watch, the next input shows what came.
static void on_watch_end(void *ctx, const char *why) {
  Repl *repl = ctx;
  Buf text;
  buf_init(&text);
  buf_printf(&text, language_text("· late replies are shown at the next input only: %s\n"), why);
  prompt_show(repl->prompt, buf_str(&text));
  buf_clear(&text);
}

// From a pipe nothing is shown between inputs.
static void watch_chats(Repl *repl) {
  Err err;
  ChatWatcher watcher = { .on_event = on_event, .on_end = on_watch_end, .ctx = repl };
  if (!prompt_is_terminal(repl->prompt)) return;
  if (!prompt_can_wake(repl->prompt))
    return on_watch_end(repl, language_text("there is no descriptor for it"));
  repl->chats = chat_watch_open(devserver_url(repl->devserver), &watcher, &err);
  if (!repl->chats) on_watch_end(repl, err.text);
}

// ---- one input ----------------------------------------------------------------------------------

static InputResult reload(Repl *repl) {
  Err err;
  bool worked = devserver_reload(repl->devserver, &err);
  report_print(str_of(worked ? language_text("reloaded") : err.text));
  putchar('\n');
  return worked ? INPUT_DONE : INPUT_FAILED;
}

static void tell_columns(Repl *repl) {
  char columns[16];
  int now = prompt_columns();
  if (now == repl->columns || !prompt_is_terminal(repl->prompt)) return;
  repl->columns = now;
  snprintf(columns, sizeof columns, "%d", now);
  buf_reset(&repl->out);
  interpreter_program_alone(repl->interpreter, "resize", str_of(columns), &repl->out, NULL);
}

static InputResult run_input(void *ctx, Str input) {
  Repl *repl = ctx;
  Err err;
  if (repl->script && str_eq(str_trim(input), STR(".reload"))) return reload(repl);
  tell_columns(repl);
  buf_reset(&repl->out);
  atomic_store(&repl->interrupted, false);
  ctrl_c_forget(&repl->ctrl_c);  // that one was for the input before
  bool ok = interpreter_program_alone(repl->interpreter, "line", input, &repl->out, &err);
  prompt_end_line(repl->prompt);
  if (ok) return inputs_say(buf_str(&repl->out));
  bool interrupted = atomic_exchange(&repl->interrupted, false);
  report_print(str_of(interrupted ? language_text("interrupted") : err.text));
  putchar('\n');
  return INPUT_FAILED;
}

// What inputs have spawned goes on beside the next ones. A pipe that ends is no wish to leave: the rest is waited for.
static void finish_tasks(Repl *repl) {
  if (prompt_is_terminal(repl->prompt)) return;
  atomic_store(&repl->settles, true);
  interpreter_program(repl->interpreter, "settle", STR(""), &repl->out, NULL);
}

// ---- Ctrl-C -------------------------------------------------------------------------------------

// First what does not pause: until it has ended the state is not free.
static void end_all(Repl *repl) {
  bool more = interpreter_tasks(repl->interpreter) > 0;
  interpreter_interrupt_run(repl->interpreter);
  if (!more) return;
  interpreter_end_tasks(repl->interpreter);
  prompt_print(repl->prompt,
               str_of(language_text("· the second Ctrl-C ended all that ran at this prompt\n")));
}

// Ctrl-C while a line is typed drops the line; the second one is the end of what goes on beside, too.
static void on_interrupt(void *ctx) {
  Repl *repl = ctx;
  if (ctrl_c_is_second(&repl->ctrl_c)) end_all(repl);
}

// While an input runs, it ends the input; what earlier ones have spawned goes on.
static void *watch_interrupts(void *ctx) {
  Repl *repl = ctx;
  sigset_t set;
  int number;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  while (sigwait(&set, &number) == 0) {
    bool second = ctrl_c_is_second(&repl->ctrl_c);
    atomic_store(&repl->interrupted, true);
    if (atomic_load(&repl->settles)) interpreter_interrupt(repl->interpreter);
    else if (second) end_all(repl);
    else interpreter_interrupt_run(repl->interpreter);
  }
  return NULL;
}

// Lines of the log come above the line that is being typed; from a pipe they go to standard error as ever.
static void on_log(void *ctx, LogLevel level, Str message) {
  Repl *repl = ctx;
  Buf text;
  if (level < LOG_INFO) return;
  buf_init(&text);
  buf_add(&text, STR("· "));
  visible_add(&text, message);
  buf_addc(&text, '\n');
  prompt_show(repl->prompt, buf_str(&text));
  buf_clear(&text);
}

static int run_prompt(Repl *repl) {
  Err err;
  pthread_t interrupts;
  PromptOptions prompt_options = {
    .complete = complete,
    .news = add_news,
    .takes_interrupts = true,
    .interrupted = on_interrupt,
    .ctx = repl,
  };
  if (!(repl->prompt = prompt_open(&prompt_options, &err))) return report_err("repl", &err);
  print_at(repl, repl->prompt);
  int status;
  if (!start_program(repl, &err)) {
    status = report_err("repl", &err);
  } else {
    inputs_say(buf_str(&repl->out));
    if (!repl->real && !prompt_is_terminal(repl->prompt))
      report("repl", "no appid and appsecret: calls go to a simulated platform");
    bool watching = pthread_create(&interrupts, NULL, watch_interrupts, repl) == 0;
    if (prompt_is_terminal(repl->prompt)) log_divert(on_log, repl);
    watch_chats(repl);
    bool ended;
    status = inputs_read(repl->prompt, "月 > ", run_input, repl, &ended);
    if (ended) finish_tasks(repl);
    chat_watch_close(repl->chats);
    log_divert(NULL, NULL);
    if (watching) pthread_cancel(interrupts);
    if (watching) pthread_join(interrupts, NULL);
  }
  print_at(repl, NULL);
  prompt_close(repl->prompt);
  return status;
}

static int run(Invocation *in) {
  Repl repl = { .in = in, .script = in->arguments.count ? in->arguments.positionals[0] : NULL };
  if (!command_configure(in, repl.script, !repl.script, false)) return STATUS_USAGE;
  preflight_warn(in->config, WARN_OF_ZONE);
  if (config_source(in->config, "log_level") == CONFIG_FROM_DEFAULT) log_setup(LOG_ERROR, LOG_TEXT);
  Err err;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGWINCH);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (options_value(&in->arguments, "attach")) return repl_attach(in);
  mutex_init_brief(&repl.printing);
  bool opened = open_all(&repl, &err);
  int status = opened ? run_prompt(&repl) : report_err("repl", &err);
  close_all(&repl);
  return status;
}

const Command command_repl = {
  .name = "repl",
  .usage = "[BOT.lua] [--attach[=SOCKET]]",
  .summary = "A prompt: call APIs, prototype menus, talk to the bot",
  .details =

      "Input is Lua with `wechat` in it; .help lists the prompt's own commands. Without appid and "
      "appsecret\n"
      "the platform is simulated. Without BOT.lua an on_message that is defined at the prompt is "
      "the bot.\n"
      "What an input spawns (wechat.spawn) goes on beside the next ones. In a pipe the exit status "
      "is 1 if an\n"
      "input failed, and the end waits for what was spawned.\n"
      "Ctrl-C ends the input that runs and what it has spawned; what earlier inputs have spawned "
      "and "
      "the bot's\n"
      "late scripts go on. A second Ctrl-C within a second ends them too, except those of "
      "BOT.lua.\n"
      "\n"
      "With --attach the prompt works in the running bot, with its wechat, its tokens and its "
      "globals. Each\n"
      "input is a task of its own, limited by script_cpu_ms, and is logged by the bot. Ctrl-C ends "
      "the input,\n"
      "a second one within a second also what this prompt's inputs have spawned since the last "
      "reload;\n"
      "nothing else of the bot. The bot is that of BOT.lua, of config.lua here, or of --config; if "
      "several match, "
      "--attach=SOCKET selects\n"
      "one.\n",
  .options = options,
  .most = 1,
  .configured = true,
  .run = run,
};
