// A message's run from the inside, for message.c and the files message_*.c alone.
#ifndef WEMOON_SCRIPT_MESSAGE_INNER_H
#define WEMOON_SCRIPT_MESSAGE_INNER_H

#include "script/inner.h"
#include "script/message_run.h"

struct LatePlace;  // script/late_order.h

// Rings when the run is to be put into the store, and once more when it is known what went out as the reply. Freed by
// itself if it rings too late.
typedef struct {
  Timer timer;
  bool again;
  Task *task;  // NULL: it has ended, or has asked
} Alarm;

// Behind its task; freed with it.
typedef struct {
  Interpreter *in;
  // During the message's first slice; NULL later:
  const NodeTree *tree;
  const MessageHead *head;
  Str raw;
  Answer *returned;  // where the caller waits for the answer
  // As long as there is a message to answer:
  bool is_event;
  Arena *arena;  // NULL if there is none
  Str sender;    // in `arena`
  atomic_int *api_calls;
  Said *said;
  void *owner;
  bool (*late)(void *owner, const Answer *answer);
  bool (*done)(void *owner, TaskState state, const Answer *answer);
  void (*over)(void *owner);
  Answer answer;
  Arena *own_arena;         // of one that goes on without a message to answer; else NULL
  struct LatePlace *place;  // among the user's messages, once it has waited; or NULL
  Said own_said;            // of one that goes on without a message to answer
  int64_t behind;           // answers that it has yet to be given again: what it says was said
  bool in_parts;            // VALUE_REPLY has what was said
  bool took_parts;          // `answer` was made of it
  bool sent;                // the question went out by itself
  bool asked;               // it is about to wait for the user's next message
  Buf error_text;           // for on_error
  Talk *talk;               // what is kept of it; NULL: nothing, or nothing yet
  bool *moved;              // is told that another task goes on with this run; NULL: nobody is
  bool moving;              // it has just been given to that task
  bool silent;              // nothing more goes out to its user
  bool refused;             // it is not begun again
  int64_t owe_at_us;
  bool (*owes)(void *owner);
  Str identity;  // in `arena`
  Alarm *alarm;
  bool gone;  // its user is: nothing is kept for them
} MessageRun;

static inline MessageRun *message_run(const Task *task) { return task_data(task); }

static inline BotShared *message_shared(const MessageRun *run) { return run->in->options.shared; }

// NULL: runs are not kept.
static inline Keep *message_keep(const Interpreter *in) {
  return in->options.shared ? in->options.shared->keep : NULL;
}

static inline LogSubject message_subject(const MessageTask *message) {
  return (
      LogSubject){ .openid = message->sender, .msgid = message->msgid, .trail = message->trail };
}

// ---- message_run.c

// What it says from here on goes out; what it said of the message so far did, as far as its talk says so.
void message_run_say_late(MessageRun *run);
// A run without a message: all that is left of `run`, if that is not NULL.
MessageRun message_run_empty(Interpreter *in, const MessageRun *run);
// It answers that message from now on; `answer` as interpreter_run_message has it.
void message_run_take(MessageRun *run, const MessageTask *message, Answer *answer);
// The call that began it returns: what was the caller's is not there any more.
void message_run_end_slice(MessageRun *run);
// An answer of this one that comes late goes out before those to what the user writes from now on.
void message_run_take_place(MessageRun *run);
// TaskBody.over: frees the run, unless another task goes on with it, and tells its owner.
void message_run_free(void *run);

// ---- message_owed.c

// Whether the run is in the store from now on, as one whose message is answered without it.
bool message_owe(Task *task);
// Puts the run into the store at its owe_at_us.
void message_alarm_set(Task *task);
void message_alarm_drop(MessageRun *run);
// The run is not owed any more.
void message_settle(BotShared *shared, Talk *talk);

// ---- message_answer.c

// Tells whom InterpreterOptions.on_failure names, and notes where the script failed.
void message_tell_failure(MessageRun *run, Str error);
// The value at 1, which `function` returned, becomes the answer. Raises if it cannot be part of one.
void message_take_reply(lua_State *L, Task *task, const char *function);
// What was said becomes the answer, if none of it was taken before.
void message_take_parts(MessageRun *run);
// A failed run that has no reply from on_error gets the configured one.
void message_use_error_reply(MessageRun *run, TaskState state);
// Gives the answer to the caller or the owner, or sends it late. What is sent late is owed until it is out: its
// sender takes over the talk.
void message_give_answer(Task *task, MessageRun *run);

// ---- message_lost.c

// Pushes the function, and what it gets, for a run that begins again. Returns the number of arguments.
int message_prepare_again(lua_State *L, const Talk *talk);
// Its record is of another format: as if the script had changed.
void message_lose(MessageRun *run, const Err *err);
// The run cannot go on: a task of its own gives its user's message to on_lost, or to on_message. False if it cannot
// begin.
bool message_begin_lost(Task *task, MessageRun *run);

// ---- message.c

extern const TaskBody message_body;

#endif
