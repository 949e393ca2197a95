// What a script is asked first of all: a message (on_message).
#ifndef WEMOON_SCRIPT_MESSAGE_H
#define WEMOON_SCRIPT_MESSAGE_H

#include "engine/task_state.h"
#include "script/interpreter.h"
#include "wechat/message.h"
#include "wechat/reply.h"

// One message for the script.
typedef struct {
  const NodeTree *tree;  // the message; copied before the call returns
  const MessageHead *head;
  Str raw;     // the decrypted document
  Str sender;  // the openid, in `arena`
  atomic_int
      *api_calls;  // counts the script's calls of the platform; the owner's; NULL: nobody asks
  Arena *arena;    // where the reply is put; the task's owner keeps it until `done`
  void *owner;
  // Called once, with the lock held, on the calling thread or on the interpreter's; before the script's end
  // where that asks the user something (wechat.ask): the question is the reply. `reply` is valid during
  // the call, what it points to lives in `arena`. `rest`: what of a long text did not fit. `place`:
  // "file:line" where the script spent the slice, for warnings; may be empty. True: the reply came too late
  // to be the answer, and is to go out as customer service messages. What did not fit goes so anyway.
  bool (*done)(void *owner, TaskState state, const Reply *reply, Str rest);
  // Called once, last of all, on the same thread: the owner may let the interpreter go, which it holds until
  // then. May be NULL.
  void (*over)(void *owner);
} MessageTask;

// Runs on_message's first slice on this thread. Waits for the lock until `deadline_us` (monotonic) at most.
// Returns TASK_LOST without having called `done` or run anything; otherwise `done` has been or will be
// called.
TaskState interpreter_run_message(Interpreter *interpreter, const MessageTask *task,
                                  int64_t deadline_us);

#endif
