// `wemoon forget`: wechat.forget from a shell.
#include "cli/command.h"

#include <stdio.h>

#include "cli/services.h"
#include "cli/store_accounts.h"

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

// Of whom nothing was stored. Of another account's user it was not deleted either.
static int tell_of_nothing(Store *store, const Account *account, const char *openid) {
  Err err;
  Buf others;
  buf_init(&others);
  char name[ACCOUNT_NAME_MAX];
  bool ok =
      account_name(account, name, &err) && store_accounts_instead(store, account, &others, &err);
  int status = !ok ? report_err("forget", &err) : others.len ? STATUS_FAILED : STATUS_DONE;
  if (ok && others.len)
    report("forget",
           "nothing was deleted: nothing is stored of the account %s, only of %.*s: is it the "
           "right token or appid?",
           name, STR_FMT(buf_str(&others)));
  else if (ok) report("forget", "nothing was stored about %s: is it the openid of a user?", openid);
  buf_clear(&others);
  return status;
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
  if (!config_account(in->config, &account, &err) || !store_account_is_named(&account, &err) ||
      !config_interpreter(in->config, &account, &interpreter_options, &err) ||
      !services_open(&services, in->config, &account, config_file(in->config), STORE_MUST_EXIST,
                     NULL, &err))
    return report_err("forget", &err);
  services_lend(&services, &interpreter_options);
  char *openid = in->arguments.positionals[0];
  bool any;
  bool ok = forget(&interpreter_options, openid, &any, &err);
  int status = !ok   ? report_err("forget", &err)
               : any ? STATUS_DONE
                     : tell_of_nothing(services.store, &account, openid);
  services_close(&services);
  return status;
}

const Command command_forget = {
  .name = "forget",
  .usage = "OPENID",
  .summary = "Delete everything that the bot stores about a user",
  .details = "Does the same as wechat.forget(openid): deletes the session, model history, "
             "conversation record,\n"
             "and owed and kept answers of that user, and ends what waits for the user in a "
             "running bot. Values\n"
             "that the script stored under its own keys (wechat.store) stay. A script that is "
             "answering the "
             "user goes on,\n"
             "and what it returns is sent; a running bot knows of it within a second. Account and "
             "store are "
             "those of\n"
             "--config, else of config.lua in the working directory; where the bot has its token "
             "from its\n"
             "environment, give it here too (WEMOON_TOKEN or --token). Exit status 1 if the store "
             "has data of\n"
             "other accounts alone.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
