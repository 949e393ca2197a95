// The script's pages (wechat.route) for the layers above: finds a page and runs it.
#ifndef WEMOON_SCRIPT_PAGE_H
#define WEMOON_SCRIPT_PAGE_H

#include "engine/task_state.h"
#include "script/interpreter.h"
#include "script/stream.h"

typedef enum { PAGE_NONE, PAGE_OTHER_METHOD, PAGE_FOUND } PageMatch;

// Returns whether the script has a page for method and path, which must be equal byte for byte. With PAGE_OTHER_METHOD
// `allow` gets the value of an Allow header; pass NULL with size 0 to omit it. Call it from any thread; never waits for
// the script.
PageMatch interpreter_find_page(Interpreter *interpreter, Str method, Str path, char *allow,
                                size_t size);

// One request for a page.
typedef struct {
  Str method, path, query;  // as sent; the query without '?'
  Str body;
  Str remote;  // the client's address
  const Pair *headers;
  size_t header_count;
} PageRequest;

typedef struct {
  int status;   // 200 to 599; 0: the script no longer has the page
  Str type;     // Content-Type, NUL-terminated
  Str headers;  // complete "Name: value\r\n" lines, checked, NUL-terminated
  Str body;
  Stream *stream;  // continues after the body; the receiver calls stream_leave. NULL: no stream
} PageAnswer;

typedef struct {
  const PageRequest *request;  // copied before the call returns
  int64_t due_us;              // monotonic: from then on its turns are late
  Arena *arena;                // for the answer; the owner keeps it until it has the answer
  void *owner;
  // Called with the answer of a page that was suspended (TASK_WAITING was returned). Called once, on the interpreter's
  // thread with the interpreter locked. `answer` is valid only with TASK_RETURNED; it points into `arena`.
  void (*done)(void *owner, TaskState state, const PageAnswer *answer);
  // Called last, after `done`, on the same thread: the interpreter no longer uses the owner.
  void (*over)(void *owner);
} PageTask;

// Runs the page's first slice on this thread. Waits for the interpreter at most until `deadline_us` (monotonic).
// TASK_LOST: nothing was run, and neither callback will be called. TASK_WAITING: `done` and `over` will be called; the
// script holds the interpreter until then. Otherwise `answer` is set, and `done` and `over` are not called.
TaskState interpreter_run_page(Interpreter *interpreter, const PageTask *page, int64_t deadline_us,
                               PageAnswer *answer);

#endif
