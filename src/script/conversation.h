// Conversations (wechat.ask), as the layers above see them: which scripts wait for a user's next message. One
// table for all interpreters of a bot.
#ifndef WEMOON_SCRIPT_CONVERSATION_H
#define WEMOON_SCRIPT_CONVERSATION_H

#include "script/message.h"

typedef struct Conversations Conversations;
typedef struct Conversation Conversation;  // one script that waits for one user's next message

Conversations *conversations_new(void);                 // NULL without memory
void conversations_free(Conversations *conversations);  // after its interpreters; NULL is allowed
size_t conversations_count(const Conversations *conversations);  // in memory
// With those that are in the store alone.
size_t conversations_open(const BotShared *shared);

// An open conversation, for people. What is not known is empty, or 0.
typedef struct {
  Str openid;
  Str question, place;  // of those that are in the store: the question's text or kind, "file:line"
  int64_t since_s;      // Unix: when the question was asked
  int64_t left_s;       // until it times out; -1: never
} OpenConversation;
// Gives `each` up to `max` of them. Reads the store, and waits for it; `one` is valid during the call.
void conversations_list(const BotShared *shared, size_t max,
                        void (*each)(void *ctx, const OpenConversation *one), void *ctx);
// Ends all conversations with a user, those in the store too; wechat.ask gives nil and the reason. False without one.
bool conversations_end(const BotShared *shared, Str openid, const char *reason);

// Takes out the newest conversation that waits for this user's next message, or for an event where `is_event`
// says so; NULL without one, which costs one atomic read when nobody waits for anybody. The caller holds its
// interpreter from then on and calls conversation_run_message.
Conversation *conversations_take(Conversations *conversations, Str openid, bool is_event);
// The interpreter of the conversation that conversations_take would return now, retained for the
// caller; or NULL.
Interpreter *conversations_find(Conversations *conversations, Str openid, bool is_event);
Interpreter *conversation_interpreter(const Conversation *conversation);
// Resumes the script with the message as wechat.ask's result; otherwise like
// interpreter_run_message. With TASK_LOST the conversation waits for the next message again, or has
// ended. `conversation` is gone afterwards.
TaskState conversation_run_message(Conversation *conversation, const MessageTask *message,
                                   int64_t deadline_us, Answer *answer);

// Ends all conversations with a user: wechat.ask gives nil and the reason.
void conversations_end_user(Conversations *conversations, Str openid, const char *reason);
// Ends conversations of the oldest retired interpreters, with "reload", until at most `max` such
// interpreters have any.
void conversations_limit_old(Conversations *conversations, int max);
// Frees memory in that interpreter. Conversations that are in the store leave memory; if nothing
// outlives the process, the oldest end and wechat.ask gives nil and "memory". Ends some at a time;
// returns how many left or ended.
typedef struct {
  size_t left, ended;
} ConversationsGone;
ConversationsGone conversations_make_room(Conversations *conversations, const Interpreter *in);
// Releases the interpreters of conversations that were cut off. Call it from time to time, from a
// thread that holds no lock.
void conversations_sweep(Conversations *conversations);
// Cuts all of them off: the bot ends.
void conversations_end_all(Conversations *conversations);

#endif
