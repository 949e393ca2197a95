// Pages of the bot's own (wechat.route), as the layers above see them: whether the script has one, and how it
// is run.
#ifndef WEMOON_SCRIPT_PAGE_H
#define WEMOON_SCRIPT_PAGE_H

#include "engine/task_state.h"
#include "script/interpreter.h"
#include "script/stream.h"

typedef enum { PAGE_NONE, PAGE_OTHER_METHOD, PAGE_FOUND } PageMatch;

// Whether the script has a page for method and path, which must be equal byte for byte. With
// PAGE_OTHER_METHOD `allow` gets what an Allow header says; NULL with size 0: not asked for. Any thread;
// never waits for the script.
PageMatch interpreter_find_page(Interpreter *interpreter, Str method, Str path, char *allow,
                                size_t size);

// One request for a page.
typedef struct {
  Str method, path, query;  // as sent; the query without '?'
  Str body;
  Str remote;  // the other side's address
  const Pair *headers;
  size_t header_count;
} PageRequest;

typedef struct {
  int status;   // 200 to 599; 0: the script has no such page any more
  Str type;     // Content-Type, NUL-terminated
  Str headers;  // whole "Name: value\r\n" lines, checked, NUL-terminated
  Str body;
  Stream *stream;  // goes on after the body: the taker's to leave (stream_leave); NULL: that is all
} PageAnswer;

typedef struct {
  const PageRequest *request;  // copied before the call returns
  Arena *arena;  // where the answer is put; the owner keeps it until it has the answer
  void *owner;
  // The answer of a page that was suspended (TASK_WAITING was returned). Called once, on the interpreter's
  // thread with the interpreter locked. `answer` counts with TASK_RETURNED only; what it points to lives in
  // `arena`.
  void (*done)(void *owner, TaskState state, const PageAnswer *answer);
  // After `done`, last of all, on the same thread: the interpreter does not know the owner any more.
  void (*over)(void *owner);
} PageTask;

// Runs the page's first slice on this thread. Waits for the interpreter until `deadline_us` (monotonic) at most.
// TASK_LOST: nothing was run, and nothing will be called. TASK_WAITING: `done` and `over` will be called; the
// script holds the interpreter until then. Otherwise `answer` is set, and `done` and `over` are not called.
TaskState interpreter_run_page(Interpreter *interpreter, const PageTask *page, int64_t deadline_us,
                               PageAnswer *answer);

#endif
