// What a script is asked first of all: a message (on_message).
#ifndef WEMOON_SCRIPT_MESSAGE_H
#define WEMOON_SCRIPT_MESSAGE_H

#include "base/trail.h"
#include "engine/task_state.h"
#include "script/interpreter.h"
#include "script/said.h"
#include "wechat/message.h"
#include "wechat/reply.h"

// What a script answers a message with.
typedef struct {
  Reply reply;  // REPLY_NONE: `success`. What it points to lives in the message's arena
  Str rest;  // of a long text, what did not fit; it goes out as customer service messages by itself
  Str place;  // where the script failed or returned what is no reply, "file:line"; empty: nowhere
} Answer;

// One message for the script. A first slice returns its answer; `done` and `over` are for a script that was
// suspended.
typedef struct {
  const NodeTree *tree;  // the message; tree, head and raw are copied before the call returns
  const MessageHead *head;
  Str raw;       // the decrypted document
  Str sender;    // the openid, in `arena`
  Str msgid;     // for the log (LogSubject), in `arena`
  Trail *trail;  // of the message, or NULL; held as long as a task works for it
  atomic_int
      *api_calls;     // counts the script's calls of the platform; the owner's; NULL: nobody asks
  int64_t *begun_us;  // gets the time (monotonic) when the script's turn began; NULL: nobody asks
  Said *said;         // for the parts of the answer; the owner's; NULL: it cannot be given in parts
  Arena *arena;       // where the answer is put; the owner keeps it until it has the answer
  int64_t due_us;     // monotonic: its turns are late from then on
  void *owner;
  // When a script that still runs is put into the store, since its message is about to be answered without it
  // (monotonic); 0: never. And what the message is known by there.
  int64_t owe_at_us;
  // Whether that is so by then, or the message waits for the platform's next try: it is asked again a little later. Any
  // thread.
  bool (*owes)(void *owner);
  Str identity;
  bool may_be_owed;  // the platform may have tried it at a process that has ended since
  // A first slice has come to its answer: is it too late, the message having been answered without it? Asked
  // once, in the calling thread, with the interpreter locked. The owner must give no other answer from then
  // on. True: the reply goes out as customer service messages, and the call still returns it. NULL: it never
  // is.
  bool (*late)(void *owner, const Answer *answer);
  // The answer of a script that was suspended (TASK_WAITING was returned). Called once, on the interpreter's
  // thread with the interpreter locked; before the script's end if it asks the user something (wechat.ask):
  // the question is the reply. Returns as `late` does.
  bool (*done)(void *owner, TaskState state, const Answer *answer);
  // After `done`, last of all, on the same thread: the interpreter does not know the owner any more.
  void (*over)(void *owner);
} MessageTask;

// Runs on_message's first slice on this thread. Waits for the interpreter until `deadline_us` (monotonic) at
// most; INTERPRETER_SOON: only for one that is likely to be free within microseconds. TASK_LOST: nothing was run,
// and nothing will be called. TASK_WAITING: `done` and `over` will be called;
// the script holds the interpreter until then. Otherwise `answer` is set, `done` and `over` are not called, and
// the task has let go of the owner.
TaskState interpreter_run_message(Interpreter *interpreter, const MessageTask *task,
                                  int64_t deadline_us, Answer *answer);
// The same, for any message: if the user's conversation is in the store, it goes on. Waits for the store. TASK_LOST also
// while another process, or another message, goes on with it: the message waits.
TaskState interpreter_answer(Interpreter *interpreter, const MessageTask *task, int64_t deadline_us,
                             Answer *answer);
// Goes on with a run that keep_due gave: it timed out, or its process ended. Waits for the store.
void interpreter_run_due(Interpreter *interpreter, Str key);

#endif
