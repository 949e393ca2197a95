// The internals of a message's run, only for message.c and the files message_*.c.
#ifndef WEMOON_SCRIPT_MESSAGE_INNER_H
#define WEMOON_SCRIPT_MESSAGE_INNER_H

#include "script/inner.h"
#include "script/message_run.h"

struct BusyUser;   // script/conversation_inner.h
struct LatePlace;  // script/late_order.h

// A timer that fires when the run is to be put into the store, and once more when it is known what was sent as the
// reply. It frees itself if its task has ended before it fires.
typedef struct {
  Timer timer;
  bool again;
  Task *task;  // NULL: the task has ended, or has asked
} Alarm;

// The data of a message's task; freed with the task.
typedef struct {
  Interpreter *in;
  // During the message's first slice; NULL later:
  const NodeTree *tree;
  const MessageHead *head;
  Str raw;
  Answer *returned;  // gets the answer for the waiting caller
  // While there is a message to answer:
  bool is_event;
  Arena *arena;  // NULL: no message to answer
  Str sender;    // in `arena`
  atomic_int *api_calls;
  Said *said;
  void *owner;
  const MessageClaim *claim;
  bool (*late)(void *owner, const Answer *answer);
  bool (*done)(void *owner, TaskState state, const Answer *answer);
  void (*over)(void *owner);
  Answer answer;
  Arena *own_arena;         // of a run without a message to answer; else NULL
  struct LatePlace *place;  // the message's place, once the run has waited; or NULL
  Said own_said;            // of a run without a message to answer
  int64_t behind;           // number of answers still to be replayed: until then what it says was
                            // already said
  bool in_parts;            // VALUE_REPLY holds the parts
  bool took_parts;          // `answer` was made of the parts
  bool sent;                // the question was sent separately
  bool asked;               // the run is about to wait for the user's next message
  Buf error_text;           // for on_error
  StoredRun *stored;        // NULL: no stored run, or none yet
  bool *moved;              // set to true when another task continues this run; NULL: not wanted
  bool moving;              // the run has just been passed to that task
  bool silent;              // nothing more is sent to the user
  bool refused;             // the run must not begin again
  int64_t owe_at_us;
  bool (*owes)(void *owner);
  void (*is_newest)(void *owner);
  Str identity;  // in `arena`
  Alarm *alarm;
  bool gone;              // nothing is kept for the user
  struct BusyUser *busy;  // the user's messages wait for this run; NULL: they do not
} MessageRun;

static inline MessageRun *message_run(const Task *task) { return task_data(task); }

static inline BotShared *message_shared(const MessageRun *run) { return run->in->options.shared; }

// Returns NULL if runs are not kept.
static inline Keep *message_keep(const Interpreter *in) {
  return in->options.shared ? in->options.shared->keep : NULL;
}

static inline LogSubject message_subject(const MessageTask *message) {
  return (
      LogSubject){ .openid = message->sender, .msgid = message->msgid, .trail = message->trail };
}

// ---- message_run.c

// Makes later parts be sent at once, or kept for the user's next message; marks the parts that the stored run notes as
// sent.
void message_run_say_late(MessageRun *run);
// Returns a run without a message, with what remains of `run` (NULL: nothing).
MessageRun message_run_empty(Interpreter *in, const MessageRun *run);
// Makes the run answer `message` from now on; `answer` as in interpreter_run_message.
void message_run_take(MessageRun *run, const MessageTask *message, Answer *answer);
// Clears the pointers to the caller's memory, because the call that began the run returns.
void message_run_end_slice(MessageRun *run);
// Takes the message's place: a late answer of this run is sent before the answers to the user's later messages.
void message_run_take_place(MessageRun *run);
// TaskBody.over: frees the run, unless another task continues it, and calls its owner's `over`.
void message_run_free(void *run);

// ---- message_owed.c

// Puts the run into the store as owed: its message is answered before its end. Returns whether the run is in the store
// from now on.
bool message_owe(Task *task);
// Makes the store's entry for the message (MessageTask.unbegun) the run's own: from now on the run has begun.
void message_owe_begun(Task *task, const MessageTask *message);
// Deletes that entry, because the store says of the user's conversation that it answers the message. Later writes may
// give the run the same key.
void message_drop_entry(const MessageRun *run, const MessageTask *message);
// Puts the run into the store at its owe_at_us.
void message_alarm_set(Task *task);
void message_alarm_drop(MessageRun *run);  // nothing if none is set
// Notes that the run is not owed any more.
void message_settle(BotShared *shared, StoredRun *stored);

// ---- message_claim.c

// Makes the calls of the task with `record` only while the message is this process's.
void message_guard(Task *task, Record *record);
// Returns whether another process may have taken over the task's message.
bool message_is_in_doubt(Task *task);
// A C function for Lua, which may wait: ends the running task if another process has the message.
int message_confirm(lua_State *L);

// ---- message_answer.c

// Calls InterpreterOptions.on_failure, and notes where the script failed.
void message_tell_failure(MessageRun *run, Str error);
// Makes the value at 1, which `function` returned, the answer. Raises without memory, or if the value cannot be part of
// the answer.
void message_take_reply(lua_State *L, Task *task, const char *function);
// Makes the parts the answer, if none of them was taken before.
void message_take_parts(MessageRun *run);
// Gives a failed run that has no reply from on_error the configured reply.
void message_use_error_reply(MessageRun *run, TaskState state);
// Passes the answer to the caller or the owner, or sends it late. A late reply is owed until it is sent: its task takes
// ownership of the stored run.
void message_give_answer(Task *task, MessageRun *run);

// ---- message_lost.c

// Pushes the function and its arguments for a run that begins again. Returns the number of arguments.
int message_prepare_again(lua_State *L, const StoredRun *stored);
// Handles a record of another format as if the script had changed.
void message_lose(MessageRun *run, const Err *err);
// Begins a new task that passes the user's message to on_lost, or to on_message, because the run cannot continue.
// Returns false if the task cannot begin.
bool message_begin_lost(Task *task, MessageRun *run);

// ---- message.c

extern const TaskBody message_body;

#endif
