// `wemoon store`: the stored data of a configuration's script, as JSON Lines.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/services.h"
#include "cli/store_accounts.h"
#include "cli/store_line.h"

enum { PATIENCE_MS = 60000 };

static const Option options[] = {
  { .name = "all", .help = "export and import sessions, tokens and kept answers too" },
  { .name = NULL },
};

typedef struct {
  Invocation *in;
  Store *store;
  Account account;
  char account_name[ACCOUNT_NAME_MAX];
  bool all;
  bool found;  // a key that was asked for
} StoreTool;

// Returns the reply, which the caller frees; NULL, after a report, if the store fails.
static StoreReply *ask(const StoreTool *tool, StoreCall call) {
  Err err = { .code = ERR_NONE };
  call.patience_ms = PATIENCE_MS;
  StoreReply *reply = store_call_wait(tool->store, &call, &err);
  if (reply && reply->err.code == ERR_NONE) return reply;
  report_err("", reply ? &reply->err : &err);
  store_reply_free(reply);
  return NULL;
}

// ---- which keys ---------------------------------------------------------------------------------

static bool is_of_account(const StoreTool *tool, Str key) {
  Str account;
  return store_key_account(key, &account) &&
         (str_eq(account, str_of(tool->account_name)) || str_eq(account, tool->account.appid));
}

// Warns if the store has data of other accounts alone: then it is hardly this one's that was meant. False, after a
// report, if the store fails.
static bool warn_of_others(const StoreTool *tool) {
  Err err;
  Buf others;
  buf_init(&others);
  bool ok = store_accounts_instead(tool->store, &tool->account, &others, &err);
  if (!ok) report_err("", &err);
  else if (others.len)
    report("store",
           "warning: nothing is stored of the account %s, only of %.*s: is it the right token or "
           "appid?",
           tool->account_name, STR_FMT(buf_str(&others)));
  buf_clear(&others);
  return ok;
}

typedef bool (*KeyVisitor)(const StoreTool *tool, StoreSpace space, Str key);

static bool visit_space(StoreTool *tool, StoreSpace space, Str prefix, KeyVisitor visit) {
  StoreReply *keys = ask(tool, (StoreCall){ .op = STORE_LIST, .space = space, .key = prefix });
  if (!keys) return false;
  Str rest = keys->value, key;
  bool ok = true;
  while (ok && store_reply_next_key(&rest, &key)) {
    if (space != STORE_SCRIPT && !is_of_account(tool, key)) continue;
    tool->found = true;
    ok = visit(tool, space, key);
  }
  store_reply_free(keys);
  return ok;
}

static int visit_keys(StoreTool *tool, KeyVisitor visit) {
  const Arguments *given = &tool->in->arguments;
  Str prefix = str_of(given->count > 1 ? given->positionals[1] : "");
  bool ok = visit_space(tool, STORE_SCRIPT, prefix, visit) &&
            (!tool->all || visit_space(tool, STORE_OWN, prefix, visit)) &&
            (tool->found || warn_of_others(tool));
  return ok ? STATUS_DONE : STATUS_FAILED;
}

// ---- what each verb does ------------------------------------------------------------------------

static bool print_line(const StoreLine *line) {
  Buf text;
  buf_init(&text);
  store_line_add(&text, line);
  bool ok = !text.failed && fwrite(text.ptr, 1, text.len, stdout) == text.len;
  if (text.failed) report("store", "no memory");
  buf_clear(&text);
  return ok;
}

static bool print_key(const StoreTool *tool, StoreSpace space, Str key) {
  return print_line(&(StoreLine){ .space = space, .key = key });
}

static int list(StoreTool *tool) { return visit_keys(tool, print_key); }

static bool print_pair(const StoreTool *tool, StoreSpace space, Str key) {
  StoreReply *reply =
      ask(tool, (StoreCall){ .op = STORE_GET, .space = space, .key = key, .with_expiry = true });
  if (!reply) return false;
  // It may have expired since it was listed.
  bool ok = !reply->ok || print_line(&(StoreLine){ .space = space,
                                                   .key = key,
                                                   .value = reply->value,
                                                   .has_value = true,
                                                   .expires_ms = reply->expires_ms });
  store_reply_free(reply);
  return ok;
}

static int export(StoreTool *tool) { return visit_keys(tool, print_pair); }

static int missing(const StoreTool *tool, const char *key) {
  report("store", "there is no key %s: wemoon store list prints the keys", key);
  warn_of_others(tool);
  return STATUS_FAILED;
}

static int get(StoreTool *tool) {
  const char *key = tool->in->arguments.positionals[1];
  StoreReply *reply =
      ask(tool, (StoreCall){ .op = STORE_GET, .space = STORE_SCRIPT, .key = str_of(key) });
  if (!reply) return STATUS_FAILED;
  int status = reply->ok ? STATUS_DONE : missing(tool, key);
  if (reply->ok) printf("%.*s\n", STR_FMT(reply->value));
  store_reply_free(reply);
  return status;
}

static int delete (StoreTool *tool) {
  const char *key = tool->in->arguments.positionals[1];
  StoreReply *reply =
      ask(tool, (StoreCall){ .op = STORE_DELETE, .space = STORE_SCRIPT, .key = str_of(key) });
  if (!reply) return STATUS_FAILED;
  int status = reply->ok ? STATUS_DONE : missing(tool, key);
  store_reply_free(reply);
  return status;
}

static bool set(const StoreTool *tool, const StoreLine *line) {
  int64_t left_ms = line->expires_ms ? line->expires_ms - clock_unix_ms() : 0;
  if (line->expires_ms && left_ms <= 0) return true;  // it has expired meanwhile
  StoreReply *reply = ask(tool, (StoreCall){ .op = STORE_SET,
                                             .space = line->space,
                                             .key = line->key,
                                             .value = line->value,
                                             .ttl_ms = left_ms });
  store_reply_free(reply);
  return reply != NULL;
}

// Imports one line of standard input; false, after a report, if it is malformed or cannot be stored.
static bool import_line(const StoreTool *tool, Str text, size_t number, size_t *left_out) {
  StoreLineDoc doc;
  Err err;
  if (!store_line_parse(text, &doc, &err)) {
    report("store", "line %zu of standard input: %s", number, err.text);
    return false;
  }
  bool skipped = doc.line.space == STORE_OWN && !tool->all;
  *left_out += skipped;
  bool ok = skipped || set(tool, &doc.line);
  store_line_free(&doc);
  return ok;
}

static int import(StoreTool *tool) {
  char *text = NULL;
  size_t room = 0, number = 0, left_out = 0;
  bool ok = true;
  for (ssize_t len; ok && (len = getline(&text, &room, stdin)) >= 0;) {
    Str line = str_trim(str_make(text, (size_t)len));
    number++;
    if (line.len) ok = import_line(tool, line, number, &left_out);
  }
  free(text);
  if (left_out)
    report("store", "%zu of wemoon's own keys were skipped: import them with --all", left_out);
  return ok ? STATUS_DONE : STATUS_FAILED;
}

// ---- the command --------------------------------------------------------------------------------

static const struct Verb {
  const char *name;
  size_t least, most;  // the number of its arguments
  bool takes_all, makes_file;
  int (*run)(StoreTool *tool);
} verbs[] = {
  { "list", 0, 1, false, false, list },     { "get", 1, 1, false, false, get },
  { "delete", 1, 1, false, false, delete }, { "export", 0, 1, true, false, export },
  { "import", 0, 0, true, true, import },
};

static const struct Verb *find_verb(const char *name) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  }
  return NULL;
}

static bool usage_is_right(const Invocation *in, const struct Verb *verb, int *status) {
  size_t count = in->arguments.count - 1;
  bool all = options_value(&in->arguments, "all") != NULL;
  *status = STATUS_USAGE;
  if (!verb)
    report_usage("store", "unknown subcommand %s: write list, get, delete, export or import",
                 in->arguments.positionals[0]);
  else if (count < verb->least) report_usage("store", "%s needs a KEY", verb->name);
  else if (count > verb->most)
    report_usage("store", "\"%s\" is one argument too many for %s",
                 in->arguments.positionals[verb->most + 1], verb->name);
  else if (all && !verb->takes_all)
    report_usage("store", "--all belongs to export and import; %s knows the script's keys alone",
                 verb->name);
  else return true;
  return false;
}

static bool open_store(StoreTool *tool, bool makes_file, Err *err) {
  const Config *config = tool->in->config;
  const char *own = store_url_own(config_text(config, "store"));
  if (own)
    return err_set(
        err, ERR_USAGE,
        "store: it is %s, which only the bot's own process can read: use wemoon repl --attach",
        own);
  if (!config_account(config, &tool->account, err) ||
      !store_account_is_named(&tool->account, err) ||
      !account_name(&tool->account, tool->account_name, err))
    return false;
  tool->store = services_open_store(config, &tool->account, config_file(config),
                                    makes_file ? STORE_BESIDE_SCRIPT : STORE_MUST_EXIST, err);
  return tool->store != NULL;
}

static int run(Invocation *in) {
  const struct Verb *verb = find_verb(in->arguments.positionals[0]);
  StoreTool tool = { .in = in, .all = options_value(&in->arguments, "all") };
  Err err;
  int status;
  if (!usage_is_right(in, verb, &status)) return status;
  if (!command_configure(in, NULL, true, false)) return STATUS_USAGE;
  // The command reports failures; the log need not.
  if (!log_on(LOG_DEBUG)) log_setup(LOG_ERROR, LOG_TEXT);
  if (!open_store(&tool, verb->makes_file, &err)) return report_err("", &err);
  status = verb->run(&tool);
  store_close(tool.store);
  return status;
}

const Command command_store = {
  .name = "store",
  .usage = "list [PREFIX] | get KEY | delete KEY | export [PREFIX] [--all] | import [--all]",
  .summary = "Show and change the values that the script stored (wechat.store), as JSON Lines",
  .details =

      "Account and store are those of --config, else of config.lua in the working directory; "
      "where the bot\n"
      "has its token from its environment, give it here too (WEMOON_TOKEN or --token). A running "
      "bot sees\n"
      "every change.\n"
      "  list [PREFIX]    prints {\"key\":...}, a line for each key\n"
      "  get KEY          prints the value as JSON; exit status 1 if there is none\n"
      "  delete KEY       deletes that key only; exit status 1 if there is none\n"
      "  export [PREFIX]  prints {\"key\":...,\"value\":...}, with \"expires_at\" (Unix seconds) "
      "if the value expires\n"
      "  import           reads what export printed from standard input, to move a bot from SQLite "
      "to Redis\n",
  .options = options,
  .least = 1,
  .most = 3,
  .configured = true,
  .run = run,
};
