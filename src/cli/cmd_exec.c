// `wemoon exec`: runs a script once and prints what it returns.
#include "cli/command.h"

#include <stdio.h>

#include "base/file.h"
#include "base/visible.h"
#include "cli/preflight.h"
#include "cli/services.h"

static const Option options[] = {
  { .name = "eval", .letter = 'e', .argument = "CODE", .help = "run CODE instead of a file" },
  { .name = NULL },
};

// Drops a first line that begins with '#', but not its newline, so that line numbers are right.
static Str skip_shebang(Str code) {
  if (!str_starts(code, STR("#"))) return code;
  Str line, rest;
  str_cut(code, '\n', &line, &rest);
  return str_sub(code, line.len, code.len);
}

typedef struct {
  Str code;
  const char *name;  // Lua's chunk name
  const char *path;  // of the file; NULL for -e
  char **args;
  size_t arg_count;
} Chunk;

static bool run_in(const InterpreterOptions *interpreter_options, const Chunk *chunk, Buf *out,
                   bool *ran, Err *err) {
  Interpreter *interpreter = interpreter_new(interpreter_options, err);
  if (!interpreter) return false;
  *ran = true;
  bool ok = interpreter_exec(interpreter, chunk->code, chunk->name, chunk->args, chunk->arg_count,
                             out, err);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

// `ran`: gets whether the chunk began, so that an error is its own.
static bool run_chunk(Invocation *in, const Chunk *chunk, Buf *out, bool *ran, Err *err) {
  Account account;
  InterpreterOptions interpreter_options;
  Services services;
  if (!config_account(in->config, &account, err)) return false;
  if (!config_interpreter(in->config, &account, &interpreter_options, err)) return false;
  if (!services_open(&services, in->config, &account, chunk->path, STORE_IF_IT_OPENS, NULL, err))
    return false;
  interpreter_options.cpu_us_max = 0;
  interpreter_options.job_timeout_ms = 0;
  services_lend(&services, &interpreter_options);
  bool ok = run_in(&interpreter_options, chunk, out, ran, err);
  services_close(&services);
  return ok;
}

static void print_json(Str lines) {
  Buf shown;
  buf_init(&shown);
  visible_add_json(&shown, lines);
  fwrite(buf_str(&shown).ptr, 1, shown.len, stdout);
  buf_clear(&shown);
}

// What the chunk raised is its own. That a result is no JSON is said by this program.
static bool is_own(bool ran, const Err *err) {
  return ran && err->code == ERR_FAILED && !str_starts(str_of(err->text), STR("result "));
}

static int report_failure(bool ran, const Err *err) {
  if (!is_own(ran, err)) return report_err("exec", err);
  report_of_script("exec", "", err);
  return STATUS_FAILED;
}

static int run_and_print(Invocation *in, const Chunk *chunk) {
  Err err;
  bool ran = false;
  Buf out;
  buf_init(&out);
  bool ok = run_chunk(in, chunk, &out, &ran, &err);
  if (ok && out.failed) ok = err_set(&err, ERR_MEMORY, "no memory for what the script returned");
  int status = ok ? STATUS_DONE : report_failure(ran, &err);
  if (ok) print_json(buf_str(&out));
  else report_trace(buf_str(&out));
  buf_clear(&out);
  return status;
}

static bool configure(Invocation *in, const char *path) {
  if (!command_configure(in, path, true, false)) return false;
  preflight_warn(in->config, WARN_OF_ZONE);
  return true;
}

static int run_file(Invocation *in) {
  const char *path = in->arguments.positionals[0];
  Err err;
  Buf code;
  buf_init(&code);
  int status;
  if (!configure(in, path)) {
    status = STATUS_USAGE;
  } else if (!file_read(path, FILE_SOURCE_MAX, &code, &err)) {
    status = report_err("exec", &err);
  } else {
    Chunk chunk = { .code = skip_shebang(buf_str(&code)),
                    .name = arena_printf(in->arena, "@%s", path).ptr,
                    .path = path,
                    .args = in->arguments.positionals + 1,
                    .arg_count = in->arguments.count - 1 };
    status = chunk.name ? run_and_print(in, &chunk) : STATUS_FAILED;
  }
  buf_clear(&code);
  return status;
}

static int run(Invocation *in) {
  const char *code = options_value(&in->arguments, "eval");
  if (!code && in->arguments.count == 0) return report_usage("exec", "give a FILE.lua, or -e CODE");
  if (!code) return run_file(in);
  if (!configure(in, NULL)) return STATUS_USAGE;
  Chunk chunk = { .code = str_of(code),
                  .name = "=(command line)",
                  .args = in->arguments.positionals,
                  .arg_count = in->arguments.count };
  return run_and_print(in, &chunk);
}

const Command command_exec = {
  .name = "exec",
  .usage = "FILE.lua [ARG...] | -e CODE [ARG...]",
  .summary = "Run a script once, with `wechat`; print what it returns as JSON, one line per value",
  .details = "Options must precede FILE.lua: whatever follows it belongs to the script (`...` and "
             "`arg`). The\n"
             "configuration is config.lua beside the script, else in the working directory. Exit "
             "status 1\n"
             "if the script raises an error or returns nil and an error.\n",
  .options = options,
  .most = SIZE_MAX,
  .configured = true,
  .arguments_are_its_own = true,
  .run = run,
};
