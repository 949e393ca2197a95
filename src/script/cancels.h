// The interpreters of a bot that are told when work for a user is cancelled, including those out of service; and the last
// message that cancelled the earlier ones of its user.
#ifndef WEMOON_SCRIPT_CANCELS_H
#define WEMOON_SCRIPT_CANCELS_H

#include "script/interpreter.h"

struct Engine;

typedef struct {
  Str openid;
  bool all;         // all work for the user; otherwise that of messages that come before `before`
  TaskRank before;  // the rank of the message whose script cancels
  Str identity;     // the identity of that message
} Cancel;

typedef struct Cancels Cancels;

Cancels *cancels_new(void);           // NULL without memory
void cancels_free(Cancels *cancels);  // call it after its interpreters are gone; NULL is allowed
// From cancels_join to cancels_leave the interpreter is told. `cancels` may be NULL.
void cancels_join(Cancels *cancels, Interpreter *in);
void cancels_leave(Cancels *cancels, Interpreter *in);
// Calls `end` soon in all interpreters except `own` (NULL: in all), on their threads, with the engine entered. Unless
// cancel->all, earlier messages of the user that have not begun are outdated from now on. `cancels` may be NULL. Any
// thread; does not wait.
void cancels_tell(Cancels *cancels, const Interpreter *own, const Cancel *cancel,
                  void (*end)(struct Engine *engine, const Cancel *cancel));
// Whether a later message of the user has cancelled the message of that rank. One atomic read while nothing was ever
// cancelled. Of about a thousand users or more, older cancels may be lost.
bool cancels_is_outdated(const Cancels *cancels, Str openid, TaskRank rank);

// Notes that the notice of that number in the store is this process's own, which has handled it already.
void cancels_note_own(Cancels *cancels, int64_t number);
bool cancels_is_own(const Cancels *cancels, int64_t number);

#endif
