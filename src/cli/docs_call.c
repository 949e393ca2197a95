#include "cli/docs_call.h"

#include "host/host.h"
#include "script/interpreter.h"

bool docs_call(const char *program, const char *function, Str argument, Buf *out, Err *err) {
  Account account = { .mode = MODE_NORMAL };
  InterpreterOptions options = {
    .account = &account, .open_host = host_open, .trusted = true, .program = program
  };
  Interpreter *interpreter = interpreter_new(&options, err);
  bool ok = interpreter && interpreter_load(interpreter, "the manual", err) &&
            interpreter_program(interpreter, function, argument, out, err);
  interpreter_release(interpreter);
  return ok;
}
