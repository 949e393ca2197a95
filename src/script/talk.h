// Conversations (wechat.ask), as the layers above see them: which scripts wait for a user's next message. One
// table for all interpreters of a bot.
#ifndef WEMOON_SCRIPT_TALK_H
#define WEMOON_SCRIPT_TALK_H

#include "script/interpreter.h"

typedef struct Talks Talks;
typedef struct Talk Talk;  // one script that waits for one user's next message

Talks *talks_new(void);         // NULL without memory
void talks_free(Talks *talks);  // after its interpreters; NULL is allowed
size_t talks_count(const Talks *talks);

// Takes out the newest conversation that waits for this user's next message, or for an event where `is_event`
// says so; NULL without one, which costs one atomic read when nobody waits for anybody. The caller holds its
// interpreter from then on and calls talk_run_message.
Talk *talks_take(Talks *talks, Str openid, bool is_event);
Interpreter *talk_interpreter(const Talk *talk);
// Goes on with the script, which gets the message as wechat.ask's result; as interpreter_run_message. With
// TASK_LOST it waits for the next message again, or has ended meanwhile. `talk` is gone afterwards.
TaskState talk_run_message(Talk *talk, const MessageTask *message, int64_t deadline_us);

// Ends all conversations with a user: wechat.ask gives nil and the reason.
void talks_end_user(Talks *talks, Str openid, const char *reason);
// Ends those of the oldest interpreters out of service, with "reload", until at most `max` such are left.
void talks_limit_old(Talks *talks, int max);
// Lets go of the interpreters of conversations that were cut off. From time to time, from a thread that holds
// nothing.
void talks_sweep(Talks *talks);
// Cuts all of them off: the bot ends.
void talks_end_all(Talks *talks);

#endif
