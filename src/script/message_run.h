// The task of a message, for the other files of script/.
#ifndef WEMOON_SCRIPT_MESSAGE_RUN_H
#define WEMOON_SCRIPT_MESSAGE_RUN_H

#include <stdatomic.h>

#include "engine/task.h"
#include "script/message.h"
#include "script/stored_run.h"

// Returns whether the task answers a message now, in on_message: false in on_error, and once the task has asked.
bool message_can_ask(const Task *task);
// Makes the task send nothing more to its user, whatever its result.
void message_silence(Task *task);
// Returns whether the task waits for its user's next message.
bool message_is_asking(const Task *task);
// Calls MessageTask.is_newest for the message that the task answers.
void message_tell_newest(Task *task);
Str message_sender(const Task *task);  // openid; lives as long as the task
// Notes that the task got an answer of the user, which may be a replayed one.
void message_answered_again(Task *task);
// Returns the identity of the task's message, which identifies duplicates.
Str message_known_by(const Task *task);
// Returns whether the task answers the message with that identity; false for an empty one. It does not wait for its
// user's next message.
bool message_is_known_by(const Task *task, Str identity);
// Returns whether the task answers a message, in on_error too.
bool message_is_answering(const Task *task);
// Returns whether the task's run is in the store under its user's key, as a conversation.
bool message_is_conversation(const Task *task);
// Returns the Said for parts of the answer to the task's message; NULL if the message takes none.
Said *message_said(const Task *task);
// Returns the message's place among its user's messages, held once more; NULL without memory, or if there is no order
// of late answers.
struct LatePlace *message_place(Task *task);
// Makes the value at 1 the task's reply. `sent`: the question was sent separately, and the answer is empty. Raises if
// the value is not a reply.
void message_take_question(lua_State *L, Task *task, bool sent);
// Answers the message with that reply; the task stays, without a message, and is about to wait.
void message_answer_and_stay(Task *task);
// Makes the running task continue without a message to answer. The task takes over the caller's reference to the
// engine. `gone`: its replies are not kept for the user.
void message_orphan(Task *task, Str openid, bool gone);
struct BusyUser;  // script/conversation_inner.h
// Passes that mark of the task's user, which is in effect, to the task.
void message_take_busy(Task *task, struct BusyUser **busy);
// Returns the task's mark.
struct BusyUser **message_busy(Task *task);

typedef struct {
  const MessageTask *message;
  Answer *answer;          // as in interpreter_run_message
  const Buf *value;        // of a run that was claimed in the store; NULL: not claimed
  struct BusyUser **busy;  // as for message_take_busy
} MessageStart;
// For wait_resume, with a MessageStart: message_begin makes the task answer that message, message_push pushes its
// document.
void message_begin(Task *task, void *start);
int message_push(lua_State *L, void *start);

// Pushes the message of a document and makes it the task's current message. Returns false if the document is not a
// message.
bool message_push_document(lua_State *L, Str document);
// Returns the stored state of the task's run, created if needed; NULL: none.
StoredRun *message_stored_run(Task *task);
// Returns the question of message_take_question: its text, or the type of another reply; empty if there is none.
Str message_question(Task *task);
// Returns the same as message_stored_run, ready to be saved with the question of message_take_question; NULL if the
// conversation stays in this process. `until_ms` as in KeptRun.
StoredRun *message_keep_question(lua_State *L, Task *task, int64_t until_ms, bool events);
// Returns the stored state of the task's run if it is to be moved to its user's key before its question is sent
// (stored_run_move); else NULL.
StoredRun *message_run_to_move(Task *task);
// Called last by a WaitPush if the store had another value than the last written one: checks whether another process
// wrote the value. If so, ends the task.
int message_check_stored(lua_State *L);
// Makes the task write its calls to the store before it makes them.
void message_watch(Task *task);

#endif
