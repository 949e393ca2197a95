// A message's task, for the other files of script/.
#ifndef WEMOON_SCRIPT_MESSAGE_RUN_H
#define WEMOON_SCRIPT_MESSAGE_RUN_H

#include <stdatomic.h>

#include "engine/task.h"
#include "script/message.h"
#include "script/talk.h"

// Whether the task answers a message now, in on_message: not in on_error, nor once it has asked.
bool message_can_ask(const Task *task);
// Its user is told nothing more, whatever it comes to.
void message_silence(Task *task);
// Whether the task waits for its user's next message.
bool message_is_asking(const Task *task);
Str message_sender(const Task *task);
// The task was given the user's answer, which it may have been given before.
void message_answered_again(Task *task);
// What the task's message is known by for duplicates.
Str message_known_by(const Task *task);
// Where the task's message takes parts of its answer; NULL if it takes none.
Said *message_said(const Task *task);
// The message's place among its user's, held once more; NULL without memory, or if nothing is sent here.
struct LatePlace *message_place(Task *task);
// The value at 1 becomes the task's reply; `sent`: it went out by itself, and nothing is to be answered. Raises if it is
// no reply.
void message_take_question(lua_State *L, Task *task, bool sent);
// Answers the message with that; the task stays, without a message, and is about to wait.
void message_answer_and_stay(Task *task);
// In the task: it goes on with no message to answer. It takes over the caller's hold of the engine.
// `gone`: what it has to say is not kept for the user.
void message_orphan(Task *task, Str openid, bool gone);

typedef struct {
  const MessageTask *message;
  Answer *answer;    // as interpreter_run_message has it
  const Buf *value;  // of a run that was claimed in the store; NULL: it was not
} MessageStart;
// For wait_resume, with a MessageStart: the task answers that message from now on; pushes its document.
void message_begin(Task *task, void *start);
int message_push(lua_State *L, void *start);

// Pushes the message of a document, which becomes the task's current one. False if it is none.
bool message_push_document(lua_State *L, Str document);
// What is kept of the task's run; NULL: nothing.
Talk *message_talk(Task *task);
// The same, ready to be saved with the question that message_take_question took; NULL if the conversation stays in
// this process. `until_ms` as KeptRun has it.
Talk *message_keep_question(lua_State *L, Task *task, int64_t until_ms, bool events);
// As a WaitPush's last act, where the store had something else than was written before: whether that is another
// process's. The task ends then.
int message_check_talk(lua_State *L);
// The task's calls are known to the store before they are made.
void message_watch(Task *task);

#endif
