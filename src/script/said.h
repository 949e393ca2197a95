// The parts of an answer that a script sends before its end (wechat.say). The parts said by the deadline are the
// passive reply.
#ifndef WEMOON_SCRIPT_SAID_H
#define WEMOON_SCRIPT_SAID_H

#include <stdatomic.h>
#include <stdint.h>

#include "wechat/reply.h"

typedef struct Parts Parts;

// What happens to later parts.
typedef enum {
  SAID_WAITS,  // the request is not answered yet
  SAID_SENDS,  // answered: parts are sent as customer service messages
  SAID_KEEPS,  // answered: parts are kept for the user's next message (script/kept_answers.h)
  SAID_DROPS   // answered: parts are lost (late_reply)
} SaidState;

// Part of a message's job; initially zeroed. It costs nothing if the script says nothing.
typedef struct {
  Parts *_Atomic parts;  // NULL: nothing was said
  atomic_int state;      // SaidState
  atomic_bool spent;     // no customer service message is left for the user
} Said;

void said_clear(Said *said);  // frees the parts and zeroes `said`

// The script's side, from one thread at a time: said_text adds a text, said_other a reply of another kind, which `copy`
// copies into the parts' arena. Both return false without memory.
bool said_text(Said *said, Str text);
bool said_other(Said *said, bool (*copy)(void *ctx, Arena *arena, Reply *reply), void *ctx);
SaidState said_state(Said *said);

// Takes the passive reply when the request is about to be answered, and sets `state` for later parts. Returns true with
// the reply in `arena`: a text of at most `most` bytes, made of the texts up to the first other reply (with `whole` as
// they are, else only their complete sentences); or that other reply if it came first. Returns false if there is none,
// or it was taken before. Call it from any thread.
bool said_take(Said *said, SaidState state, bool whole, size_t most, Arena *arena, Reply *reply);
// Notes that the taken reply was not sent.
void said_give_back(Said *said);
// Marks the first `bytes` of the texts to come, or with `other` the first other reply, as already sent by another
// process.
void said_was_taken(Said *said, size_t bytes, bool other);
// Returns whether a part has not been sent as the passive reply.
bool said_left(Said *said);
// Gets how much was sent as the passive reply: bytes of the first texts, and whether the first other reply.
void said_taken(Said *said, size_t *bytes, bool *other);

#endif
