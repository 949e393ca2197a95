// Runs a script's on_message for a message.
#ifndef WEMOON_SCRIPT_MESSAGE_H
#define WEMOON_SCRIPT_MESSAGE_H

#include <stdatomic.h>

#include "base/trail.h"
#include "engine/task_state.h"
#include "script/interpreter.h"
#include "script/said.h"
#include "wechat/message.h"
#include "wechat/reply.h"

// A script's answer to a message.
typedef struct {
  Reply reply;  // REPLY_NONE: `success`. It points into the message's arena
  Str rest;     // the rest of a text that is too long for one reply; it is sent automatically as
                // customer service messages
  Str place;    // where the script failed or returned an invalid reply, "file:line"; empty: no
                // failure
  bool sent;    // a question that was sent as customer service messages: `reply` is empty
} Answer;

// Asks whether another process has taken over a message, because this process was stopped for seconds.
typedef struct {
  // Returns whether that is possible; usually only compares the time. The engine is entered.
  bool (*is_in_doubt)(void *owner);
  // Asks the store. `told` is called once with whether the message is still this process's, on any thread, possibly
  // before this returns. Returns false if the store cannot be asked: `told` is not called.
  bool (*confirm)(void *owner, void (*told)(void *ctx, bool mine), void *ctx);
} MessageClaim;

// One message for the script. A first slice that ends returns its answer; `done` and `over` are for a script that was
// suspended.
typedef struct {
  const NodeTree *tree;  // the message; tree, head and raw are copied before the call returns
  const MessageHead *head;
  Str raw;       // the decrypted document
  Str sender;    // the openid, in `arena`
  Str msgid;     // for the log (LogSubject), in `arena`
  Trail *trail;  // of the message, or NULL; held as long as a task runs for the message
  // Counts the script's calls of the platform; belongs to the owner; NULL: not counted.
  atomic_int *api_calls;
  // Gets true if nothing was run because the user's conversation is under way; NULL: not set.
  bool *awaits_script;
  int64_t *begun_us;  // gets the time (monotonic) when the script's turn began; NULL: not set
  Said *said;         // for the parts of the answer; belongs to the owner; NULL: no parts
  Arena *arena;       // for the answer; the owner keeps it until it has the answer
  TaskRank rank;      // its place among the user's messages
  int64_t due_us;     // monotonic: from then on its turns are late
  void *owner;
  const MessageClaim *claim;  // NULL: no other process can take over the message
  // When a script that still runs is put into the store, because its message is about to be answered before its end
  // (monotonic); 0: never.
  int64_t owe_at_us;
  // Called at owe_at_us: returns whether the message is really about to be answered without the script. If false, the
  // message waits for the platform's next try, and `owes` is called again a little later. Called on any thread. NULL:
  // it always is.
  bool (*owes)(void *owner);
  Str identity;  // of the message, in the store
  // True once a run that this process took over answers the message late; NULL: never.
  const atomic_bool *taken;
  // Whether the store has the message as one that has not begun (keep_owe_message), in this process's name. Gets true if
  // such an entry of a process that has ended was claimed (may_be_owed). A run that takes the entry over sets it to
  // false; otherwise it is the caller's to keep, if nothing was run, or to delete. NULL: false, and `may_be_owed` is
  // false.
  bool *unbegun;
  int64_t *lapses;  // gets KeptRun.lapses of an entry that was claimed. NULL: not set
  // Gets true if nothing was run because another process has the message in the store: it is left to that process.
  // NULL: not set.
  bool *is_elsewhere;
  bool may_be_owed;  // the platform may have tried the message at a process that has since ended
  // Called when a first slice has its answer: returns whether the answer is too late because the message was answered
  // before. Called once, on the calling thread, with the interpreter locked. Afterwards the owner must give no other
  // answer. If true, the reply is sent as customer service messages, and the call still returns it. NULL: it is never
  // late.
  bool (*late)(void *owner, const Answer *answer);
  // Called with the answer of a script that was suspended (TASK_WAITING was returned). Called once, on the
  // interpreter's thread with the interpreter locked; before the script's end if the script asks the user a question
  // (wechat.ask): the question is the reply. Returns the same as `late`.
  bool (*done)(void *owner, TaskState state, const Answer *answer);
  // Called when the script cancels the user's earlier messages: their kept answers must not precede this answer. NULL:
  // not called.
  void (*is_newest)(void *owner);
  // Called last, after `done`, on the same thread: the interpreter no longer uses the owner.
  void (*over)(void *owner);
} MessageTask;

// Runs on_message's first slice on this thread. Waits for the interpreter at most until `deadline_us` (monotonic);
// INTERPRETER_SOON: only if the interpreter is likely to be free within microseconds. TASK_LOST: nothing was run, and
// no callback will be called. TASK_WAITING: `done` and `over` will be called; the script holds the interpreter until
// then. Otherwise `answer` is set, `done` and `over` are not called, and the task no longer uses the owner.
TaskState interpreter_run_message(Interpreter *interpreter, const MessageTask *task,
                                  int64_t deadline_us, Answer *answer);
// Does the same, but first continues the user's conversation, or the message's own run, if it is in the store; the
// event of a user who leaves continues no conversation. Waits for the store. Returns TASK_LOST also while another
// process, or another message, continues the conversation: then the message has to wait.
TaskState interpreter_answer(Interpreter *interpreter, const MessageTask *task, int64_t deadline_us,
                             Answer *answer);
// Ends the user's conversation if it is only in the store, and was asked at `until_s` (Unix) or before: wechat.ask
// returns nil and the reason. Waits for the store. Returns false while a process runs it, or the store is away.
bool interpreter_end_conversation(Interpreter *interpreter, Str openid, int64_t until_s,
                                  const char *reason);
typedef enum {
  DUE_RUNS,    // its script goes on, or there was none any more
  DUE_PASSED,  // it was passed on: a leaver, or a message that waits (KeepOptions.waits)
  DUE_BUSY,    // another process is about to have it, or the store is away
  DUE_STAYS    // it was put back: its script or its message cannot go on now
} DueState;
// Continues a run whose key keep_due returned: the run timed out, or its process ended; or takes over its leaver. Waits
// for the store.
DueState interpreter_run_due(Interpreter *interpreter, Str key);

#endif
