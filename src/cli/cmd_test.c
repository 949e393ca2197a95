// `wemoon test`: runs specs of bots against the simulated platform.
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/http_wait.h"
#include "cli/output_text.h"
#include "cli/preflight.h"
#include "codec/json.h"
#include "dev/devserver.h"

enum {
  THREADS = 16,
  SPEC_CPU_US = 5 * 1000000,
  SPEC_TIMEOUT_MS = 60000,
  RESET_MS = 10000,
  LOG_MAX = 8192
};

static const Option options[] = {
  { .name = "bot",
    .argument = "BOT.lua",
    .help = "the bot of all specs (default: NAME.lua beside NAME_spec.lua)" },
  { .name = "filter", .argument = "TEXT", .help = "run the tests whose name contains TEXT" },
  { .name = "quiet", .help = "print only failures and the count" },
  { .name = NULL },
};

// One spec file and its environment.
typedef struct {
  Invocation *in;
  Config *config;
  const char *path;
  const char *script;  // or NULL
  Account account;
  BotOptions bot;
  DevServerOptions devserver_options;
  DevServer *devserver;
  InterpreterOptions interpreter;
  char via[192];
  Buf log;  // of the current test
} Spec;

typedef struct {
  int passed, failed;
  bool broken;  // a file or the configuration could not be read
  bool empty;   // a file has no test
} Count;

// ---- what a spec is of --------------------------------------------------------------------------

// bot_spec.lua tests bot.lua beside it.
static const char *find_script(Invocation *in, const char *path) {
  const char *given = options_value(&in->arguments, "bot");
  if (given) return given;
  Str name = str_of(path), ending = STR("_spec.lua");
  if (!str_ends(name, ending)) return NULL;
  const char *script = arena_printf(in->arena, "%.*s.lua", (int)(name.len - ending.len), path).ptr;
  return script && access(script, F_OK) == 0 ? script : NULL;
}

static void advance(void *ctx, int64_t us, void (*goes_on)(void *call), void *call) {
  devserver_pass(((Spec *)ctx)->devserver, us, goes_on, call);
}

static bool restart(void *ctx, Err *err) {
  return devserver_restart_bot(((Spec *)ctx)->devserver, err);
}

static void keep_log(void *ctx, LogLevel level, Str message) {
  Spec *spec = ctx;
  if (level < LOG_WARN || spec->log.len >= LOG_MAX) return;
  Str line;
  buf_printf(&spec->log, "    %s",
             level == LOG_ERROR ? output_text("error: ") : output_text("warning: "));
  for (bool more = true, first = true; more; first = false) {
    more = str_cut(message, '\n', &line, &message);
    buf_printf(&spec->log, "%s%.*s\n", first ? "" : "      ", STR_FMT(line));
  }
}

static bool open_spec(Spec *spec, Err *err) {
  if (!(spec->config = config_new(err))) return false;
  config_simulate_account(spec->config);
  if (!config_load(spec->config, &spec->in->arguments, spec->script, !spec->script, environ)) {
    config_report(spec->config);
    return err_set(err, ERR_USAGE, "the configuration of %s has faults", spec->path);
  }
  config_simulate_account(spec->config);
  if (!config_account(spec->config, &spec->account, err) ||
      !config_bot(spec->config, spec->script, &spec->account, &spec->bot, err) ||
      !config_interpreter(spec->config, &spec->account, &spec->interpreter, err))
    return false;
  spec->bot.watch = false;
  spec->bot.store_lasts = true;  // until the test ends
  spec->devserver_options =
      (DevServerOptions){ .account = &spec->account,
                          .bot = spec->script ? &spec->bot : NULL,
                          .api_timeout_ms = config_integer(spec->config, "api_timeout_s") * 1000 };
  config_server(spec->config, &spec->devserver_options.server);
  spec->devserver_options.server.listen = STR("127.0.0.1:0");
  spec->devserver_options.server.threads = THREADS;
  spec->bot.interpreter.http_via = spec->via;
  return (spec->devserver = devserver_open(&spec->devserver_options, err)) != NULL;
}

static void close_spec(Spec *spec) {
  if (spec->devserver) devserver_end_passes(spec->devserver);
  if (!devserver_close(spec->devserver, 0)) _exit(STATUS_FAILED);
  config_free(spec->config);
  buf_clear(&spec->log);
}

// ---- one test -----------------------------------------------------------------------------------

static void add_member(Buf *json, const char *name, const char *value) {
  buf_add(json, json->len ? STR(",") : STR("{"));
  json_add_string(json, str_of(name));
  buf_addc(json, ':');
  json_add_string(json, str_of(value));
}

// Loads the spec into an interpreter; `names` gets its tests, one per line.
static Interpreter *load_spec(Spec *spec, Buf *names, Err *err) {
  InterpreterOptions *interpreter_options = &spec->interpreter;
  interpreter_options->program = "spec/init.lua";
  interpreter_options->strict = false;
  interpreter_options->cpu_us_max = SPEC_CPU_US;
  interpreter_options->job_timeout_ms = SPEC_TIMEOUT_MS;
  interpreter_options->advance = advance;
  interpreter_options->advance_ctx = spec;
  interpreter_options->restart = restart;
  interpreter_options->restart_ctx = spec;
  devserver_lend(spec->devserver, interpreter_options);
  Interpreter *interpreter = interpreter_new(interpreter_options, err);
  Buf json;
  buf_init(&json);
  add_member(&json, "path", spec->path);
  add_member(&json, "bot", spec->script ? spec->script : "");
  add_member(&json, "sim", devserver_url(spec->devserver));
  buf_addc(&json, '}');
  bool ok = interpreter && interpreter_load(interpreter, "the spec", err) &&
            interpreter_program(interpreter, "load", buf_str(&json), names, err);
  buf_clear(&json);
  if (ok) return interpreter;
  interpreter_release(interpreter);
  return NULL;
}

static bool run_in(Interpreter *interpreter, int number, Buf *out, Err *err) {
  char text[16];
  snprintf(text, sizeof text, "%d", number);
  return interpreter_program(interpreter, "run", str_of(text), out, err);
}

static void print_line(Str text) {
  report_print(text);
  putchar('\n');
}

// Prints the result; returns whether the test passed. Names and values may be a stranger's text.
static bool report_test(Spec *spec, Str name, bool ran, Str answer, const Err *err) {
  Str word, why;
  str_cut(answer, '\n', &word, &why);
  bool passed = ran && str_eq(word, STR("passed"));
  if (passed && options_value(&spec->in->arguments, "quiet")) return true;
  printf("%s ", passed ? "ok  " : "FAIL");
  print_line(name);
  if (passed) return true;
  if (!ran) printf("    ");
  if (ran) report_print(why);
  else print_line(str_of(err->text));
  if (spec->log.len) fputs(output_text("    -- the bot's log:\n"), stdout);
  report_print(buf_str(&spec->log));
  return false;
}

// Between two bots: on_load of the next one may create a menu, which its test taps.
static bool reset_platform(Spec *spec, Err *err) {
  char url[200];
  snprintf(url, sizeof url, "%s/sim/reset", devserver_url(spec->devserver));
  ClientResult *result = http_wait_post(url, "application/json", STR("{}"), RESET_MS, err);
  bool ok = result && result->outcome == CLIENT_OK && result->status == 200;
  if (result && !ok) err_set(err, ERR_FAILED, "the simulated platform cannot be reset");
  client_result_free(result);
  return ok;
}

static bool renew(Spec *spec, Err *err) {
  return devserver_end_bot(spec->devserver, err) && reset_platform(spec, err) &&
         devserver_restart(spec->devserver, err);
}

static bool run_test(Spec *spec, int number, Str name) {
  Err err = { .text = "" };
  Buf names, out;
  buf_init(&names);
  buf_init(&out);
  buf_reset(&spec->log);
  bool ran = renew(spec, &err);
  Interpreter *interpreter = ran ? load_spec(spec, &names, &err) : NULL;
  ran = interpreter && run_in(interpreter, number, &out, &err);
  if (interpreter) {
    interpreter_retire(interpreter);
    interpreter_release(interpreter);
  }
  // A test that was given up may still move time.
  devserver_end_passes(spec->devserver);
  bool passed = report_test(spec, name, ran, buf_str(&out), &err);
  buf_clear(&names);
  buf_clear(&out);
  return passed;
}

// "bot.lua" has "bot_spec.lua" beside it: NULL if there is none.
static const char *spec_of(const Spec *spec) {
  Str name = str_of(spec->path), ending = STR(".lua");
  if (!str_ends(name, ending)) return NULL;
  const char *path =
      arena_printf(spec->in->arena, "%.*s_spec.lua", (int)(name.len - ending.len), spec->path).ptr;
  return path && access(path, F_OK) == 0 ? path : NULL;
}

// A bot in place of its spec, or a spec that is yet to be written, must not look like success.
static void report_empty(const Spec *spec) {
  const char *meant = spec_of(spec);
  if (meant) report("test", "there is no test in %s: run its spec, %s", spec->path, meant);
  else
    report("test",
           "there is no test in %s: write test(NAME, function() ... end) into it; wemoon test "
           "--help says what a test may call, and wemoon new DIR makes a bot with a spec to read",
           spec->path);
}

static void run_tests(Spec *spec, Str names, Count *count) {
  const char *filter = options_value(&spec->in->arguments, "filter");
  for (int number = 1; names.len; number++) {
    Str name, rest;
    str_cut(names, '\n', &name, &rest);
    names = rest;
    if (filter && str_find(name, str_of(filter)) < 0) continue;
    if (run_test(spec, number, name)) count->passed++;
    else count->failed++;
    fflush(stdout);
  }
}

static void run_spec(Invocation *in, const char *path, Count *count) {
  Spec spec = { .in = in, .path = path, .script = find_script(in, path) };
  Err err = { .text = "" };
  Buf names;
  buf_init(&names);
  log_divert(keep_log, &spec);
  bool opened = open_spec(&spec, &err);
  if (opened) snprintf(spec.via, sizeof spec.via, "%s/sim/outside", devserver_url(spec.devserver));
  Interpreter *interpreter = opened ? load_spec(&spec, &names, &err) : NULL;
  interpreter_release(interpreter);
  if (interpreter && names.len == 0) {
    report_empty(&spec);
    count->empty = true;
  } else if (interpreter) {
    run_tests(&spec, buf_str(&names), count);
  } else {
    if (opened) report_of_script("test", path, &err);
    else report("test", "%s: %s", path, err.text);
    if (err.code == ERR_USAGE) count->broken = true;
    count->failed++;
  }
  close_spec(&spec);
  log_divert(NULL, NULL);
  buf_clear(&names);
}

// A misspelt filter must not look like success.
static bool report_unmatched(const Invocation *in) {
  const char *filter = options_value(&in->arguments, "filter");
  if (filter) report("test", "no test's name contains \"%s\"", filter);
  return filter != NULL;
}

static bool can_read(const char *path, Err *err) {
  if (access(path, R_OK) == 0) return preflight_no_folder(path, err);
  if (errno != ENOENT) return err_set(err, ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
  return err_set(err, ERR_USAGE,
                 "there is no file %s: name the spec of a bot, as a path from here "
                 "(wemoon new DIR makes a bot with one, DIR/bot_spec.lua)",
                 path);
}

static int run(Invocation *in) {
  Count count = { 0 };
  Err err;
  for (size_t i = 0; i < in->arguments.count; i++) {
    if (!can_read(in->arguments.positionals[i], &err)) return report_err("test", &err);
  }
  preflight_warn(in->config, WARN_OF_ZONE);
  for (size_t i = 0; i < in->arguments.count; i++)
    run_spec(in, in->arguments.positionals[i], &count);
  printf("%d passed, %d failed\n", count.passed, count.failed);
  if (count.broken) return STATUS_USAGE;
  bool unmatched = count.passed + count.failed == 0 && !count.empty && report_unmatched(in);
  return count.failed || count.empty || unmatched ? STATUS_FAILED : STATUS_DONE;
}

const Command command_test = {
  .name = "test",
  .usage = "SPEC.lua...",
  .summary = "Run specs of bots against a simulated platform",
  .details =
      "NAME_spec.lua tests NAME.lua beside it. Each test has a fresh bot, platform and store; "
      "nothing leaves "
      "the\n"
      "machine. In a spec:\n"
      "  test(NAME, FN), before_each(FN)\n"
      "  bot:user(\"alice\"):says(TEXT), :taps(NAME, ...), :follows([SCENE]), :unfollows(), "
      ":scans(SCENE),\n"
      "    :locates(LAT, LNG), :sends_image(), :sends_voice(TEXT), :sends_location(LAT, LNG), "
      ":sends_link(...),\n"
      "    :causes(EVENT, FIELDS): the reply (text, kind, articles, ...); :sees(): the chat;\n"
      "    :expects_later(TEXT[, WITHIN_S]): the chat shows that text, at most 60 s later\n"
      "  bot:calls([ENDPOINT]), bot:session(USER), bot:store(KEY), bot:wait(\"10m\"), "
      "bot:fault(NAME[, "
      "VALUE]),\n"
      "    bot:answers(URL, ANSWER), bot:requests()\n"
      "  expect(VALUE):is(V), :is_not(V), :contains(V), :matches(PATTERN), :raises(TEXT), "
      ":is_nil(), "
      ":exists();\n"
      "  expect(FUNCTION):becomes(V[, SECONDS]): for what the bot does beside its reply\n",
  .options = options,
  .least = 1,
  .most = SIZE_MAX,
  .configured = true,
  .run = run,
};
