// `wemoon explain`: what an error code of the platform means and what to do about it.
#include "cli/command.h"
#include "host/host.h"

#include <stdio.h>

#include "script/interpreter.h"

static const Option options[] = { { .name = NULL } };

static const char chunk[] = "local text, fault = require('wechat.explain')(...)\n"
                            "if not text then return nil, fault end\n"
                            "print(text)\n";

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

// The first separate number with so many digits: 40164 in "wechat.get_menu: 40164 invalid
// ip 1.2.3.4".
static Str find_number(Str line, size_t digits_least) {
  for (size_t i = 0; i < line.len;) {
    size_t end = i;
    if (line.ptr[end] == '-') end++;
    size_t digits = end;
    while (end < line.len && is_digit(line.ptr[end])) end++;
    bool alone =
        end == line.len || !is_word(line.ptr[end]) || (line.ptr[end] == '.' && end + 1 == line.len);
    if (end - digits >= digits_least && alone) return str_sub(line, i, end - i);
    while (end < line.len && is_word(line.ptr[end])) end++;
    i = end > i ? end : i + 1;
  }
  return (Str){ 0 };
}

// Prefers five digits: a line of a log begins with a date, and nearly all codes have five or more.
static Str find_code(Str line) {
  Str found = find_number(line, 5);
  return found.len ? found : find_number(line, 1);
}

// The table of codes is in Lua: runs an interpreter without script, configuration and services.
static bool explain(char *code, Err *err) {
  Account account = { .mode = MODE_NORMAL };
  Pairs config = { 0 };
  InterpreterOptions interpreter_options = {
    .account = &account, .open_host = host_open, .config = &config, .strict = true
  };
  Interpreter *interpreter = interpreter_new(&interpreter_options, err);
  if (!interpreter) return false;
  Buf out;
  buf_init(&out);
  bool ok = interpreter_exec(interpreter, str_of(chunk), "=(explain)", &code, 1, &out, err);
  buf_clear(&out);
  interpreter_retire(interpreter);
  interpreter_release(interpreter);
  return ok;
}

static int run(Invocation *in) {
  const char *words = in->arguments.positionals[0];
  Str found = find_code(str_of(words));
  if (!found.len)
    return report_usage("explain", "\"%s\" contains no error code: give a number, such as 40164",
                        words);
  Str code = arena_dup(in->arena, found);
  Err err;
  if (!code.ptr) {
    report("explain", "no memory");
    return STATUS_FAILED;
  }
  return explain((char *)code.ptr, &err) ? STATUS_DONE : report_err("explain", &err);
}

const Command command_explain = {
  .name = "explain",
  .usage = "CODE",
  .summary = "Explain an error code of the platform and its remedy, in English and Chinese",
  .details = "CODE is a number (40164, -1) or, in quotes, a log line or an answer of the platform "
             "that contains\n"
             "one: '{\"errcode\":40164,\"errmsg\":\"...\"}'. Exit status 1 for an unknown code.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .run = run,
};
