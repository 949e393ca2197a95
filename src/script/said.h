// The parts of an answer that a script has said before its end (wechat.say). What was said by the
// deadline is the passive reply.
#ifndef WEMOON_SCRIPT_SAID_H
#define WEMOON_SCRIPT_SAID_H

#include <stdatomic.h>
#include <stdint.h>

#include "wechat/reply.h"

typedef struct Parts Parts;

// What happens to later parts.
typedef enum {
  SAID_WAITS,  // the request is not answered yet
  SAID_SENDS,  // it is: parts go out as customer service messages
  SAID_KEEPS,  // it is: they are kept for the user's next message (script/kept_answers.h)
  SAID_DROPS   // it is: they are lost (late_reply)
} SaidState;

// Part of a message's job; zeroed. It costs nothing if the script says nothing.
typedef struct {
  Parts *_Atomic parts;  // NULL: nothing was said
  atomic_int state;      // SaidState
  atomic_bool spent;     // no customer service message is left for its user
} Said;

void said_clear(Said *said);  // and zeroes it

// The script's side: one thread at a time. Adds a text, or a reply of another kind. `copy` copies
// that reply into the parts' arena. False without memory.
bool said_text(Said *said, Str text);
bool said_other(Said *said, bool (*copy)(void *ctx, Arena *arena, Reply *reply), void *ctx);
SaidState said_state(Said *said);

// The request is about to be answered, and what is said later finds `state`. True with the passive reply in
// `arena`, a text of at most `most` bytes: the texts up to the first other reply, with `whole` as they are, else their whole sentences; or that
// reply if it came first. False: there is none, or it was taken before. Any thread.
bool said_take(Said *said, SaidState state, bool whole, size_t most, Arena *arena, Reply *reply);
// It was taken, and did not go out.
void said_give_back(Said *said);
// Marks that many bytes of what will be said as sent before, by another process.
void said_was_taken(Said *said, size_t bytes, bool other);
// Whether something was said that has not gone out as the passive reply.
bool said_left(Said *said);
// How much of what was said went out: bytes of the first texts, or the first reply.
void said_taken(Said *said, size_t *bytes, bool *other);

#endif
