// The internals of conversations, only for the files conversation*.c and ask.c.
//
// A conversation in the table holds its interpreter. Whatever takes the conversation out gets that reference: a
// message's job, the task itself (time-outs), or the list of cut-off conversations, since an interpreter must not be
// released under a lock.
#ifndef WEMOON_SCRIPT_CONVERSATION_INNER_H
#define WEMOON_SCRIPT_CONVERSATION_INNER_H

#include "engine/wait.h"
#include "script/conversation.h"
#include "script/inner.h"
#include "script/stored_run.h"

// A user whose script runs between two questions, or whose question is on its way: the user's messages wait until the
// script waits for them or ends, and events too if the last question takes events.
typedef struct BusyUser BusyUser;

struct Conversation {
  Timer timer;
  Conversations *conversations;
  Conversation *next;  // in its bucket, or in the list of cut-off conversations
  Interpreter *in;
  Wait *wait;
  BusyUser *busy;  // in effect while the conversation is out of the table; NULL: the script has it
  const char *reason;  // why it ended; NULL: it has not ended
  bool gone;           // nothing is kept for its user
  atomic_int holders;  // the table, or whatever took it out; the timer
  int64_t since_us, until_us;
  uint32_t hash;
  bool events, listed;
  bool kept;                    // it is in the store too
  bool stays;                   // it could not leave memory when memory was short
  int64_t asks, kept_until_ms;  // as in KeptRun
  uint64_t answered;            // hash of the message that the question answered
  // Its value in the store if it is claimed there, for a message that it could not get yet; else empty.
  Buf claim;
  size_t openid_len, question_len, place_len;
  char texts[];  // openid, question, place; the latter two are empty if `kept`: the store has them
};

static inline Str conversation_openid(const Conversation *conversation) {
  return str_make(conversation->texts, conversation->openid_len);
}

// ---- conversation_table.c

uint32_t conversation_hash(Str openid);
void conversation_release(Conversation *conversation);
// Puts a conversation into the table, as its user's newest, with its reference to the interpreter.
void conversation_add(Conversation *conversation);
// Returns true on the one thread that took the conversation out.
bool conversation_take_out(Conversation *conversation);
// Returns a mark that makes the user busy from now on, with a script in `in`, which outlives it. NULL without memory.
BusyUser *busy_user_new(const Interpreter *in, Str openid, bool events);
// Sets whether the user's events wait too.
void busy_user_set_events(BusyUser *busy, bool events);
void busy_user_free(BusyUser *busy);  // the user is not busy any more; NULL is allowed
// Puts a conversation that is out of the table on the list of those whose interpreters are released later
// (conversations_sweep).
void conversation_cut_off(Conversation *conversation);
// Removes and returns the list of cut-off conversations, by `next`.
Conversation *conversations_cut_off(Conversations *conversations);
// Both take out a conversation and its timer; they return NULL if there is none: any that fits; the oldest in
// interpreter `in`, with the number of those in `in` in *count.
Conversation *conversations_take_where(Conversations *conversations,
                                       bool (*fits)(const Conversation *conversation,
                                                    const void *ctx),
                                       const void *ctx);
Conversation *conversations_take_oldest(Conversations *conversations, const Interpreter *in,
                                        size_t *count);
// Counts the interpreters out of service that have conversations; *oldest gets the oldest of them, or NULL.
int conversations_count_old(Conversations *conversations, Interpreter **oldest);
// Calls `each` with every conversation, in no order, until it returns false. The table is locked meanwhile.
void conversations_each(Conversations *conversations,
                        bool (*each)(void *ctx, Conversation *conversation), void *ctx);

// ---- conversation.c

// Question and state of a conversation that begins.
typedef struct {
  OpenConversation shown;   // its openid; for one that is not in the store, question and place
  double timeout_s;         // < 0: never
  bool events;              // it takes events as answers
  const StoredRun *stored;  // its state in the store; NULL: it is only in memory
  BusyUser **busy;          // the script's mark, which passes to the conversation; NULL there: none
} Asking;

// Adds a conversation to the table. Suspend the task in `wait` with conversation_cancel and the conversation. Returns
// NULL without memory.
Conversation *conversation_begin(Interpreter *in, Wait *wait, const Asking *asking);
void conversation_cancel(void *conversation);
// Puts a conversation back into the table, with its reference to the interpreter: it waits again.
void conversation_put_back(Conversation *conversation);
// Returns whether the conversation can leave memory: not while other tasks of the script's run still run, nor once it
// has started a timer, which ticks as long as its interpreter is in service.
bool conversation_can_leave(const Conversation *conversation);
// Both end a conversation that is out of the table. The first makes wechat.ask return nil and the reason; the second
// removes it from memory alone, so that it can continue from the store.
void conversation_finish(Conversation *conversation, const char *reason);
void conversation_evict(Conversation *conversation);

#endif
