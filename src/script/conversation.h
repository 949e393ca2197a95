// Conversations (wechat.ask) for the layers above: the scripts that wait for a user's next message. The interpreters of
// a bot share one table.
#ifndef WEMOON_SCRIPT_CONVERSATION_H
#define WEMOON_SCRIPT_CONVERSATION_H

#include "script/message.h"

typedef struct Conversations Conversations;
typedef struct Conversation Conversation;  // one script that waits for one user's next message

Conversations *conversations_new(void);                 // NULL without memory
void conversations_free(Conversations *conversations);  // call it after all interpreters are
                                                        // closed; NULL is allowed
size_t conversations_count(const Conversations *conversations);  // in memory
// Returns the number of open conversations, including those that are only in the store.
size_t conversations_open(const BotShared *shared);

// An open conversation, for display. Unknown fields are empty or 0.
typedef struct {
  Str openid;
  Str question, place;  // the question's text or kind, and "file:line"
  int64_t since_s;      // time of the question, Unix seconds
  int64_t left_s;       // seconds until it times out; -1: never
} OpenConversation;
// Calls `each` with up to `max` open conversations. Reads the store and waits for it. `one` is valid during the call.
void conversations_list(const BotShared *shared, size_t max,
                        void (*each)(void *ctx, const OpenConversation *one), void *ctx);
// Ends all conversations with a user, including those in the store; wechat.ask returns nil and the reason. Returns
// false if there are none.
bool conversations_end(const BotShared *shared, Str openid, const char *reason);

// Removes and returns the newest conversation that waits for this user's next message or, if `is_event`, for an event.
// Returns NULL if there is none; if there are no conversations at all, this costs one atomic read. The caller then
// holds the conversation's interpreter and calls conversation_run_message. *busy gets whether the user's message has to
// wait (busy_user_new): then NULL is returned. With `busy` NULL that does not count.
Conversation *conversations_take(Conversations *conversations, Str openid, bool is_event,
                                 bool *busy);
// Returns the interpreter of the conversation that conversations_take would return now, retained for the caller; or
// NULL.
Interpreter *conversations_find(Conversations *conversations, Str openid, bool is_event);
Interpreter *conversation_interpreter(const Conversation *conversation);  // borrowed
// Resumes the script with the message as the result of wechat.ask; otherwise like interpreter_run_message. After
// TASK_LOST the conversation waits for the next message again, or has ended. `conversation` is invalid afterwards.
TaskState conversation_run_message(Conversation *conversation, const MessageTask *message,
                                   int64_t deadline_us, Answer *answer);

// Ends all conversations with a user that are in memory: wechat.ask returns nil and the reason.
void conversations_end_user(Conversations *conversations, Str openid, const char *reason);
// The same, but for those that are in the store: their scripts may go on in another process.
void conversations_end_unkept(Conversations *conversations, Str openid, const char *reason);
// Ends conversations of the oldest retired interpreters, with "reload", until at most `max` retired interpreters have
// any. Conversations that can continue from the store leave memory instead.
void conversations_limit_old(Conversations *conversations, int max);
// Frees memory in interpreter `in`. Conversations that are in the store leave memory; if conversations are not kept in
// a store, the oldest end, and wechat.ask returns nil and "memory". Each call handles only some. Returns how many left
// memory or ended.
typedef struct {
  size_t left, ended;
} ConversationsGone;
ConversationsGone conversations_make_room(Conversations *conversations, const Interpreter *in);
// Releases the interpreters of conversations that were cut off. Call it from time to time, from a
// thread that holds no lock.
void conversations_sweep(Conversations *conversations);
// Cuts off all conversations, because the bot stops.
void conversations_end_all(Conversations *conversations);

#endif
