// The interpreters of a bot that are notified when work for a user is cancelled, including those out of service; and,
// per user, the last message that cancelled earlier ones.
#ifndef WEMOON_SCRIPT_CANCELS_H
#define WEMOON_SCRIPT_CANCELS_H

#include "script/interpreter.h"

struct Engine;

typedef struct {
  Str openid;
  bool all;  // cancels all work for the user; otherwise the work for messages before
             // `before`
  // The rank of the message whose script cancels. With `all`: arrived_us is the time of the forget, 0: now.
  TaskRank before;
  // The identity of that message, which the cancel spares. With `all`: of the message whose script forgets its own
  // user, empty: none.
  Str identity;
} Cancel;

typedef struct Cancels Cancels;

Cancels *cancels_new(void);           // NULL without memory
void cancels_free(Cancels *cancels);  // call it after all interpreters are closed; NULL is allowed
// Add an interpreter to those that are notified, and remove it. `cancels` may be NULL.
void cancels_join(Cancels *cancels, Interpreter *in);
void cancels_leave(Cancels *cancels, Interpreter *in);
// Calls `end` soon in all interpreters except `own` (NULL: in all), on their threads, with the engine entered. From
// now on messages of the user that have not begun are outdated: with cancel->all those that have arrived, otherwise
// earlier ones. `cancels` may be NULL. Call it from any thread; does not wait.
void cancels_tell(Cancels *cancels, const Interpreter *own, const Cancel *cancel,
                  void (*end)(struct Engine *engine, const Cancel *cancel));
// Returns whether a later message of the user has cancelled the message of that rank, or the user was forgotten after
// it arrived; not by the script of the message `identity` itself, which may run in another process. Costs one atomic
// read until the first cancel. With about a thousand users or more, older cancels may be forgotten.
bool cancels_is_outdated(const Cancels *cancels, Str openid, Str identity, TaskRank rank);

// Notes that notice `number` in the store is this process's own, so this process has handled it already.
void cancels_note_own(Cancels *cancels, int64_t number);
bool cancels_is_own(const Cancels *cancels, int64_t number);

#endif
