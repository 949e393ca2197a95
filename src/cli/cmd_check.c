// `wemoon check`: loads script and configuration, reports every fault, serves nothing; --online asks the
// platform about the account.
#include "cli/command.h"

#include <stdio.h>

#include "cli/language.h"
#include "cli/output_text.h"
#include "cli/preflight.h"
#include "cli/services.h"
#include "host/host.h"

static const Option options[] = {
  { .name = "online", .help = "also ask the platform: token, menu, rights; print what to change" },
  { .name = "strict",
    .help = "notes and warnings, but that of no account, are faults too: status 1" },
  { .name = NULL },
};

// Lists which of wemoon's hooks the loaded script defines; gives one line of JSON, a
// string.
static const char handlers_chunk[] =
    "local found = {}\n"
    "for _, name in ipairs { 'on_message', 'on_load', 'on_unload', 'on_error' } do\n"
    "  if type(rawget(_G, name)) == 'function' then found[#found + 1] = name end\n"
    "end\n"
    "return table.concat(found, ', ')\n";

static bool load(const InterpreterOptions *options_, const char *script, Buf *handlers, Err *err) {
  Interpreter *interpreter = interpreter_new(options_, err);
  if (!interpreter) return false;
  bool ok =
      interpreter_load(interpreter, script, err) &&
      interpreter_exec(interpreter, str_of(handlers_chunk), "=(check)", NULL, 0, handlers, err);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

static void tell(const char *warning) { report_warning("check", warning); }

// `found`: a bool.
static void report_odd_file(void *found, const char *what) {
  tell(what);
  *(bool *)found = true;
}

// Sets *odd if a file was warned of.
static bool check_script(Invocation *in, const char *script, const Account *account, Buf *handlers,
                         bool *odd, Err *err) {
  InterpreterOptions interpreter_options;
  Services services;
  if (!config_interpreter(in->config, account, &interpreter_options, err)) return false;
  if (!services_open(&services, in->config, account, script, STORE_NOWHERE, NULL, err))
    return false;
  services_lend(&services, &interpreter_options);
  interpreter_options.odd_file = report_odd_file;
  interpreter_options.odd_file_ctx = odd;
  bool ok = load(&interpreter_options, script, handlers, err);
  services_close(&services);
  return ok;
}

// ---- the script, read and not run ---------------------------------------------------------------

// Appends the faults of names and calls, one per line.
static bool read_script(Config *config, const char *script, Buf *findings, Err *err) {
  Account account = { .mode = MODE_NORMAL };
  InterpreterOptions options_ = { .account = &account,
                                  .open_host = host_open,
                                  .config = config_open_values(config, err),
                                  .allow_shell = config_boolean(config, "allow_shell"),
                                  .trusted = true,
                                  .program = "check/init.lua" };
  Interpreter *interpreter = options_.config ? interpreter_new(&options_, err) : NULL;
  Buf english;
  buf_init(&english);
  bool ok = interpreter && interpreter_load(interpreter, "the check", err) &&
            interpreter_program(interpreter, "check", str_of(script), &english, err);
  interpreter_release(interpreter);
  if (ok && english.len > 0) language_add_findings(findings, buf_str(&english));
  buf_clear(&english);
  return ok;
}

// Returns whether the first line of an error of that file ends in "at line LINE": Lua notices a goto without its label
// at the end of the block.
static bool ends_at_line(Str error, Str file, Str line) {
  Str first, rest;
  char ending[40];
  str_cut(error, '\n', &first, &rest);
  snprintf(ending, sizeof ending, " at line %.*s", STR_FMT(line));
  return str_find(first, file) >= 0 && str_ends(first, str_of(ending));
}

// Returns whether the text of an error names the line of that finding, "DIR/FILE:LINE:COLUMN: WHAT". Lua shortens the
// folder of a long path.
static bool names_place(Str error, Str finding) {
  Str place = str_sub(finding, 0, (size_t)str_find(finding, STR(": "))), folder, rest;
  while (str_cut(place, '/', &folder, &rest)) place = rest;
  size_t end = place.len, begin;
  while (end > 0 && place.ptr[end - 1] != ':') end--;
  if (end == 0) return false;
  for (begin = end - 1; begin > 0 && place.ptr[begin - 1] != ':';) begin--;
  Str file = str_sub(place, 0, begin), line = str_sub(place, begin, end - 1 - begin);
  return str_find(error, str_sub(place, 0, end)) >= 0 || ends_at_line(error, file, line);
}

// Prints what was not reported when the script was loaded. Returns whether there is a fault among them. Each begins
// with its kind and a tab (lua/check/init.lua).
static bool print_findings(Str findings, Str reported) {
  bool faulty = false;
  for (Str line, kind; findings.len > 0;) {
    str_cut(findings, '\n', &line, &findings);
    str_cut(line, '\t', &kind, &line);
    faulty = faulty || !str_ends(kind, STR("note"));
    bool may_be_known = str_eq(kind, STR("syntax")) || str_starts(kind, STR("missing")) ||
                        str_starts(kind, STR("cycle"));
    bool known = may_be_known && names_place(reported, line);
    if (!known) fprintf(stderr, "wemoon: check: %.*s\n", STR_FMT(line));
  }
  return faulty;
}

// `reported`: the error of loading the script; empty: it loaded.
static int check_names(const Invocation *in, const char *script, Str reported) {
  bool strict = options_value(&in->arguments, "strict") != NULL;
  Err err;
  Buf findings;
  buf_init(&findings);
  int status = STATUS_DONE;
  if (!read_script(in->config, script, &findings, &err)) status = report_err("check", &err);
  else if (print_findings(buf_str(&findings), reported) || (strict && findings.len > 0))
    status = STATUS_FAILED;
  buf_clear(&findings);
  return status;
}

// ---- the account, asked of the platform ---------------------------------------------------------

static const char online_chunk[] = "return require('wechat.online')(wechat, ...)\n";

static bool ask(const InterpreterOptions *interpreter_options, bool *fine, Err *err) {
  Interpreter *interpreter = interpreter_new(interpreter_options, err);
  if (!interpreter) return false;
  Buf answer;
  buf_init(&answer);
  char *language = (char *)language_of_environment();
  bool ok =
      interpreter_exec(interpreter, str_of(online_chunk), "=(check)", &language, 1, &answer, err);
  *fine = str_eq(str_trim(buf_str(&answer)), STR("true"));
  buf_clear(&answer);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

// Uses the bot's own store: a token fetched without it would invalidate the bot's.
static int check_online(Invocation *in, const char *script, const Account *account) {
  if (!account->appid.len || !account->appsecret.len) {
    report("check",
           "--online needs appid and appsecret: give them in config.lua, as WEMOON_APPID and "
           "WEMOON_APPSECRET, or as --appid and --appsecret");
    return STATUS_USAGE;
  }
  InterpreterOptions interpreter_options;
  Services services;
  Err err;
  if (!config_interpreter(in->config, account, &interpreter_options, &err))
    return report_err("check", &err);
  if (!services_open(&services, in->config, account, script, STORE_IF_IT_OPENS, NULL, &err))
    return report_err("check", &err);
  interpreter_options.job_timeout_ms = 0;
  services_lend(&services, &interpreter_options);
  // The report has the failure of a call; the log need not repeat it.
  if (!log_on(LOG_DEBUG)) log_setup(LOG_ERROR, LOG_TEXT);
  bool fine = false;
  int status = ask(&interpreter_options, &fine, &err) ? STATUS_DONE : report_err("check", &err);
  const char *advice = services.store ? store_advice(services.store) : NULL;
  if (advice) report_warning("check", advice);
  services_close(&services);
  return status == STATUS_DONE && !fine ? STATUS_FAILED : status;
}

// ---- the command --------------------------------------------------------------------------------

static void print_ok(const Invocation *in, const char *script, const Account *account,
                     Str handlers) {
  Str names = str_sub(str_trim(handlers), 1, str_trim(handlers).len - 2);
  const char *file = config_file(in->config);
  printf(output_text("ok: %s: %.*s; %s mode; %s%s\n"), script, STR_FMT(names),
         config_mode_name(account->mode),
         file ? output_text("configuration from ") : output_text("no configuration file"),
         file ? file : "");
}

static void warn_of_no_account(const Config *config) {
  if (config_has_account(config)) return;
  report("check", "warning: no account is configured, so the script alone was checked: `wemoon "
                  "run` needs a token (`wemoon dev` needs none)");
}

// Whether there is something to mend; that no account is configured is a way to check the script alone.
static bool warn(const Config *config) {
  warn_of_no_account(config);
  return preflight_warnings(config, WARN_OF_ALL, tell);
}

// Reports all faults but the script's.
static bool configure(Invocation *in, const char *script, Account *account) {
  Err err;
  bool loaded = command_load(in, script, false, TOKEN_OF_ACCOUNT);
  bool logs = report_unless(config_log_on_stderr(in->config, &err), &err);
  bool knows = loaded && report_unless(config_account(in->config, account, &err), &err);
  return preflight_report(in->config, script) == STATUS_DONE && logs && knows;
}

static int run(Invocation *in) {
  const char *script = in->arguments.positionals[0];
  Account account = { .mode = MODE_NORMAL };
  bool configured = configure(in, script, &account);
  Err err = { 0 };
  Buf handlers;
  buf_init(&handlers);
  int status = STATUS_DONE;
  bool there = preflight_script(script, &err), odd = false;
  if (!there || !check_script(in, script, &account, &handlers, &odd, &err))
    status = report_err("", &err);
  if (!configured) status = STATUS_USAGE;
  bool reads = !there || check_names(in, script, str_of(err.text)) == STATUS_DONE;
  if (!reads && status == STATUS_DONE) status = STATUS_FAILED;
  bool warned = configured && warn(in->config);
  if (status == STATUS_DONE) {
    bool strict = options_value(&in->arguments, "strict") != NULL;
    if ((warned || odd) && strict) status = STATUS_FAILED;
    else print_ok(in, script, &account, buf_str(&handlers));
  }
  buf_clear(&handlers);
  if (!configured || !options_value(&in->arguments, "online")) return status;
  int online = check_online(in, script, &account);
  return online > status ? online : status;
}

const Command command_check = {
  .name = "check",
  .usage = "BOT.lua [--online] [--strict]",
  .summary = "Load script and configuration, report every fault, serve nothing",
  .details =

      "The script's main chunk runs, its functions do not. The script and the modules beside it "
      "are also\n"
      "read: modules that are missing or require each other while they load, names that wechat and "
      "Lua's\n"
      "library do not have, fields that no message has (except those that the script sets and the "
      "platform's\n"
      "own, which begin with a capital),\n"
      "wrong numbers of arguments, misspelt arguments, options, fields, globals and hooks, a colon "
      "where a\n"
      "dot belongs, replies that are made and not returned, what is returned and is no reply, "
      "types of\n"
      "messages that there are not, fields compared with what they never are (msg.content == 1), "
      "texts\n"
      "joined with +, on_message defined twice and hooks that are local are faults. Of mistakes of "
      "syntax\n"
      "it tells those behind the first too, up to ten, where they are no consequences.\n"
      "A line with \"note:\" is only likely a mistake, and changes the exit status only with "
      "--strict:\n"
      "modules that are missing where they are required under a condition or in a function that is "
      "an\n"
      "argument (under pcall they pass), names of wechat and Lua's library that load, dofile, a "
      "computed\n"
      "require or a module of others may set, globals set while a message is answered or never, "
      "globals\n"
      "that are not checked because of load, dofile or _G, seconds that look like milliseconds, "
      "pauses in\n"
      "the main chunk, those that outlast job_timeout_s, rules of wechat.bot that another one "
      "keeps from\n"
      "answering.\n"
      "Exit status 1 for a faulty script, 2 for a faulty configuration or a missing file. Where "
      "no account\n"
      "is configured at all, the script alone is checked, with a warning.\n"
      "--online also fetches an access token (stored in the bot's store), reads the menu and "
      "probes the\n"
      "account's rights; it changes nothing. Exit status 1 if something needs attention.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
