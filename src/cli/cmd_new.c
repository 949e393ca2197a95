// `wemoon new`: a folder with a bot, its configuration, a spec, and what an editor needs to complete `wechat`.
#include "cli/command.h"
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/services.h"
#include "codec/json.h"
#include "script/embedded.h"

static const Option options[] = {
  { .name = "adopt",
    .help =
        "with what the account answers and shows by itself today, which the callback silences" },
  { .name = NULL },
};

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return false;
  int others = 0;
  for (struct dirent *entry; (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) others++;
  closedir(folder);
  return others == 0;
}

static bool is_free(const char *path, Err *err) {
  if (access(path, F_OK) != 0 || is_empty(path)) return true;
  return err_set(err, ERR_USAGE, "%s is there already and not empty: name a new folder", path);
}

static bool make_folder(const char *path, Err *err) {
  if (mkdir(path, 0755) == 0 || errno == EEXIST) return true;
  return err_set(err, ERR_FAILED, "cannot make the folder %s: %s", path, strerror(errno));
}

// Folders on the way are made; `name` is one of ours.
static bool write_file(const char *folder, Str name, Str text, mode_t mode, Err *err) {
  char path[4096];
  int len = snprintf(path, sizeof path, "%s/%.*s", folder, STR_FMT(name));
  if (len < 0 || (size_t)len >= sizeof path)
    return err_set(err, ERR_USAGE, "%s: the name is too long", folder);
  for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0755);
    *slash = '/';
  }
  FILE *file = fopen(path, "w");
  bool ok = file && fwrite(text.ptr, 1, text.len, file) == text.len;
  if (file && fclose(file) != 0) ok = false;
  if (!ok) return err_set(err, ERR_FAILED, "cannot write %s: %s", path, strerror(errno));
  chmod(path, mode);
  return true;
}

// The configuration is where secrets will be.
static const struct {
  const char *name;
  mode_t mode;
  bool adopted_too;
} files[] = { { "bot.lua", 0644, false },
              { "config.lua", 0600, true },
              { "bot_spec.lua", 0644, false } };

static bool write_templates(const char *folder, bool adopts, Err *err) {
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (adopts && !files[i].adopted_too) continue;
    char name[64];
    Buf text;
    buf_init(&text);
    snprintf(name, sizeof name, "new/%s", files[i].name);
    bool ok = embedded_read(name, &text)
                  ? write_file(folder, str_of(files[i].name), buf_str(&text), files[i].mode, err)
                  : err_set(err, ERR_FAILED, "%s is not in this binary", name);
    buf_clear(&text);
    if (!ok) return false;
  }
  return true;
}

// Files as a JSON object of their texts by name.
static bool write_json(const char *folder, Str json, Err *err) {
  JsonDoc *doc = json_parse(json, err);
  bool ok = doc != NULL;
  for (const Json *file = doc ? json_first(json_root(doc)) : NULL; file && ok;
       file = json_next(file))
    ok = write_file(folder, json_key(file), json_string(file), 0644, err);
  json_free(doc);
  return ok;
}

// Made by a program in Lua, from the catalogue.
static bool write_generated(const char *folder, Err *err) {
  Account account = { .mode = MODE_NORMAL };
  InterpreterOptions interpreter_options = { .account = &account,
                                             .open_host = host_open,
                                             .program = "new/luarc.lua" };
  Interpreter *interpreter = interpreter_new(&interpreter_options, err);
  Buf json;
  buf_init(&json);
  bool ok = interpreter && interpreter_load(interpreter, "the annotations", err) &&
            interpreter_program(interpreter, "files", STR(""), &json, err) &&
            write_json(folder, buf_str(&json), err);
  buf_clear(&json);
  interpreter_release(interpreter);
  return ok;
}

// ---- what the account does today ----------------------------------------------------------------

static const char adopt_chunk[] = "return require('wechat.adopt')(wechat)\n";

static bool ask_platform(const InterpreterOptions *interpreter_options, Buf *json, Err *err) {
  Interpreter *interpreter = interpreter_new(interpreter_options, err);
  if (!interpreter) return false;
  bool ok = interpreter_exec(interpreter, str_of(adopt_chunk), "=(adopt)", NULL, 0, json, err);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

static bool read_account(Invocation *in, Buf *json, Err *err) {
  Account account;
  InterpreterOptions interpreter_options;
  Services services;
  if (!config_account(in->config, &account, err)) return false;
  if (!account.appid.len ||
      (!account.appsecret.len && !config_text(in->config, "access_token").len))
    return err_set(
        err, ERR_USAGE,
        "--adopt needs appid and appsecret: give them in config.lua here, as WEMOON_APPID "
        "and WEMOON_APPSECRET, or as --appid and --appsecret");
  if (!config_interpreter(in->config, &account, &interpreter_options, err)) return false;
  if (!services_open(&services, in->config, &account, NULL, STORE_IF_IT_OPENS, NULL, err))
    return false;
  services_lend(&services, &interpreter_options);
  if (!log_on(LOG_DEBUG)) log_setup(LOG_ERROR, LOG_TEXT);
  bool ok = ask_platform(&interpreter_options, json, err);
  services_close(&services);
  return ok;
}

static void print_command(const char *rest, const char *what) {
  char path[PATH_MAX];
  fputs("  ", stdout);
  report_word(stdout, report_program(path));
  printf(" %-18s %s\n", rest, what);
}

static void print_next(const char *folder, bool adopts) {
  printf("%s has a bot, its %s and its configuration. Now:\n  cd ", folder,
         adopts ? "menu" : "spec");
  report_word(stdout, folder);
  putchar('\n');
  print_command("dev bot.lua", "chat with it in the browser");
  if (!adopts) print_command("test bot_spec.lua", "run its spec");
  print_command("run bot.lua", "serve it, once config.lua has your account's token");
}

static bool write_all(const char *folder, Str adopted, Err *err) {
  bool adopts = adopted.len > 0;
  return write_templates(folder, adopts, err) && write_generated(folder, err) &&
         (!adopts || write_json(folder, adopted, err));
}

// The account is asked before anything is made.
static int run(Invocation *in) {
  const char *folder = in->arguments.positionals[0];
  bool adopts = options_value(&in->arguments, "adopt") != NULL;
  if (adopts && !command_configure(in, NULL, true, false)) return STATUS_USAGE;
  Err err;
  Buf adopted;
  buf_init(&adopted);
  bool ok = is_free(folder, &err) && (!adopts || read_account(in, &adopted, &err)) &&
            make_folder(folder, &err) && write_all(folder, buf_str(&adopted), &err);
  buf_clear(&adopted);
  if (!ok) return report_err("new", &err);
  print_next(folder, adopts);
  return STATUS_DONE;
}

const Command command_new = {
  .name = "new",
  .usage = "DIR [--adopt]",
  .summary = "Make a new bot: bot.lua, config.lua, a spec, editor settings for completion",
  .details =
      "--adopt asks the platform (get_current_autoreply_info, get_current_selfmenu_info) with the "
      "account's\n"
      "appid and appsecret, and writes bot.lua, menu.lua and a config.lua without secrets.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
