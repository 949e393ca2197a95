// `wemoon check`: loads script and configuration, reports every fault, serves nothing.
#include "cli/command.h"

#include <stdio.h>

#include "cli/outside.h"

static const Option options[] = { { .name = NULL } };

// Asks the loaded script which of the functions that wemoon calls it has; answers with one line of JSON, a
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
  bool ok = interpreter_load(interpreter, script, err) &&
            interpreter_exec(interpreter, str_of(handlers_chunk), "=(check)", NULL, 0, handlers, err);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

static bool check_script(Invocation *in, const char *script, const Account *account, Buf *handlers,
                         Err *err) {
  InterpreterOptions interpreter_options;
  Outside outside;
  if (!config_interpreter(in->config, account, &interpreter_options, err)) return false;
  if (!outside_open(&outside, in->config, account, script, STORE_NOWHERE, err)) return false;
  outside_lend(&outside, &interpreter_options);
  bool ok = load(&interpreter_options, script, handlers, err);
  outside_close(&outside);
  return ok;
}

static int run(Invocation *in) {
  const char *script = in->arguments.positionals[0];
  bool configured = command_configure(in, script, false, true);
  Account account = { .mode = MODE_NORMAL };
  Err err;
  if (configured && !config_account(in->config, &account, &err)) {
    report_err("", &err);
    configured = false;
  }
  Buf handlers;
  buf_init(&handlers);
  int status = STATUS_DONE;
  if (!check_script(in, script, &account, &handlers, &err)) status = report_err("", &err);
  if (!configured) status = STATUS_USAGE;
  if (status == STATUS_DONE) {
    Str names = str_sub(str_trim(buf_str(&handlers)), 1, str_trim(buf_str(&handlers)).len - 2);
    const char *file = config_file(in->config);
    printf("ok: %s: %.*s; %s mode; %s%s\n", script, STR_FMT(names), config_mode_name(account.mode),
           file ? "configuration from " : "no configuration file", file ? file : "");
  }
  buf_clear(&handlers);
  return status;
}

const Command command_check = {
  .name = "check",
  .usage = "BOT.lua",
  .summary = "Load script and configuration, report every fault, serve nothing",
  .details =
      "The script's main chunk is run, its functions are not. Exit status 1 for a faulty script,\n"
             "2 for a faulty configuration or a missing file.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
