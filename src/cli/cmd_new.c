// `wemoon new`: a folder with a bot, its configuration, a spec, and what an editor needs to complete `wechat`.
#include "cli/command.h"
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/json.h"
#include "script/embedded.h"

static const Option options[] = { { .name = NULL } };

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return false;
  int others = 0;
  for (struct dirent *entry; (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) others++;
  closedir(folder);
  return others == 0;
}

static bool make_folder(const char *path, Err *err) {
  if (mkdir(path, 0755) == 0) return true;
  if (errno != EEXIST)
    return err_set(err, ERR_FAILED, "cannot make the folder %s: %s", path, strerror(errno));
  if (is_empty(path)) return true;
  return err_set(err, ERR_USAGE, "%s is there already and not empty: name a new folder", path);
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

static bool write_templates(const char *folder, Err *err) {
  // The configuration is where secrets will be.
  static const struct {
    const char *name;
    mode_t mode;
  } files[] = { { "bot.lua", 0644 }, { "config.lua", 0600 }, { "bot_spec.lua", 0644 } };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
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
            interpreter_program(interpreter, "files", STR(""), &json, err);
  JsonDoc *doc = ok ? json_parse(buf_str(&json), err) : NULL;
  ok = doc != NULL;
  for (const Json *file = doc ? json_first(json_root(doc)) : NULL; file && ok;
       file = json_next(file))
    ok = write_file(folder, json_key(file), json_string(file), 0644, err);
  json_free(doc);
  buf_clear(&json);
  interpreter_release(interpreter);
  return ok;
}

static void print_command(const char *rest, const char *what) {
  char path[PATH_MAX];
  fputs("  ", stdout);
  report_word(stdout, report_program(path));
  printf(" %-18s %s\n", rest, what);
}

static void print_next(const char *folder) {
  printf("%s has a bot, its spec and its configuration. Now:\n  cd ", folder);
  report_word(stdout, folder);
  putchar('\n');
  print_command("dev bot.lua", "chat with it in the browser");
  print_command("test bot_spec.lua", "run its spec");
  print_command("run bot.lua", "serve it, once config.lua has your account's token");
}

static int run(Invocation *in) {
  const char *folder = in->arguments.positionals[0];
  Err err;
  if (!make_folder(folder, &err) || !write_templates(folder, &err) ||
      !write_generated(folder, &err))
    return report_err("new", &err);
  print_next(folder);
  return STATUS_DONE;
}

const Command command_new = {
  .name = "new",
  .usage = "DIR",
  .summary = "Make a new bot: bot.lua, config.lua, a spec, editor settings for completion",
  .details = "",
  .options = options,
  .least = 1,
  .most = 1,
  .run = run,
};
