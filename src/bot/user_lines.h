// The messages that wait for their user's conversation, in the order of their arrival. Only the first of a user asks
// for a turn.
#ifndef WEMOON_BOT_USER_LINES_H
#define WEMOON_BOT_USER_LINES_H

#include "base/str.h"

#include <stdbool.h>

typedef struct UserLines UserLines;

// A message's place, which its owner keeps as long as it is in the line.
typedef struct UserPlace {
  void *owner;  // the owner's own
  bool is_in;   // for the owner, except between user_lines_begin and user_lines_leave
  // Private to user_lines.c.
  bool has_begun;
  Str user;
  struct UserPlace *behind;  // the user's next
  struct UserPlace *last;    // of a user's first
  struct UserPlace *other;   // of a user's first: another user's, in the same bucket
} UserPlace;

UserLines *user_lines_new(void);         // NULL without memory
void user_lines_free(UserLines *lines);  // NULL is allowed

// All may be called from any thread. Returns whether a message of that user waits.
bool user_lines_has(UserLines *lines, Str user);
// Puts a message at the end of its user's line; `user` must live as long as it is there. Returns whether it is the
// first. If not, the caller must not use the place again until user_lines_leave has returned it.
bool user_lines_join(UserLines *lines, UserPlace *place, Str user);
// Takes a user's first message out of the line. Returns the next one, which is the first now; NULL: there is none, or
// the message is in no line any more.
UserPlace *user_lines_leave(UserLines *lines, UserPlace *place);
// Notes that a user's first message begins: until user_lines_leave or user_lines_wait_on, which the caller must call,
// user_lines_take_begun may take it out of the line.
void user_lines_begin(UserLines *lines, UserPlace *place);
void user_lines_wait_on(UserLines *lines, UserPlace *place);  // it has not begun after all
// Takes a user's first message that has begun, and that `fits`, out of the line. `next` as in user_lines_leave. Returns
// false if there is none. `fits` must not block.
bool user_lines_take_begun(UserLines *lines, bool (*fits)(const UserPlace *place),
                           UserPlace **next);

#endif
