// `wemoon forget`: wechat.forget from a shell.
#include "cli/command.h"

#include <stdio.h>

#include "cli/services.h"

static const Option options[] = { { .name = NULL } };

static const char chunk[] = "local done, any = wechat.forget(...)\n"
                            "assert(done, any)\n"
                            "return any\n";

// `any`: whether anything was stored about the user.
static bool forget(const InterpreterOptions *interpreter_options, char *openid, bool *any,
                   Err *err) {
  Interpreter *interpreter = interpreter_new(interpreter_options, err);
  if (!interpreter) return false;
  Buf out;
  buf_init(&out);
  bool ok = interpreter_exec(interpreter, str_of(chunk), "=(forget)", &openid, 1, &out, err);
  *any = str_eq(str_trim(buf_str(&out)), STR("true"));
  buf_clear(&out);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

static int run(Invocation *in) {
  Account account;
  InterpreterOptions interpreter_options;
  Services services;
  Err err;
  if (!command_configure(in, NULL, true, false)) return STATUS_USAGE;
  const char *own = store_url_own(config_text(in->config, "store"));
  if (own) {
    report("forget",
           "the store is %s, which only the running bot can read: call wechat.forget in wemoon "
           "repl --attach",
           own);
    return STATUS_USAGE;
  }
  if (!config_account(in->config, &account, &err) ||
      !config_interpreter(in->config, &account, &interpreter_options, &err) ||
      !services_open(&services, in->config, &account, config_file(in->config), STORE_MUST_EXIST,
                     NULL, &err))
    return report_err("forget", &err);
  services_lend(&services, &interpreter_options);
  char *openid = in->arguments.positionals[0];
  bool any;
  bool ok = forget(&interpreter_options, openid, &any, &err);
  services_close(&services);
  if (!ok) return report_err("forget", &err);
  if (!any) report("forget", "nothing was stored about %s: is it the openid of a user?", openid);
  return STATUS_DONE;
}

const Command command_forget = {
  .name = "forget",
  .usage = "OPENID",
  .summary = "Delete everything that the bot stores about a user",
  .details = "Does the same as wechat.forget(openid): deletes the session, model history, "
             "conversation record,\n"
             "and owed and kept answers of that user, and ends what waits for the user in a "
             "running bot. Values\n"
             "that the script stored under its own keys (wechat.store) stay. Account and store are "
             "those of\n"
             "--config, else of config.lua in the working directory.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
