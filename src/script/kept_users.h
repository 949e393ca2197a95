// An index of the users with kept answers. It saves asking the store for all other users. Functions may be called from
// any thread.
#ifndef WEMOON_SCRIPT_KEPT_USERS_H
#define WEMOON_SCRIPT_KEPT_USERS_H

#include "base/buf.h"

typedef struct KeptUsers KeptUsers;

// `whole`: every user in the store is in the index, which is empty at first. Returns NULL without memory.
KeptUsers *kept_users_new(bool whole);
void kept_users_free(KeptUsers *users);  // NULL is allowed
// Notes that the user has `count` answers in the store.
void kept_users_note(KeptUsers *users, Str openid, size_t count);
// Notes one answer, which is about to be written, unless the user has some.
void kept_users_expect(KeptUsers *users, Str openid);
// Returns whether the user surely has none. While the index is whole and empty, this costs one atomic read.
bool kept_users_lacks(KeptUsers *users, Str openid);
size_t kept_users_answers(KeptUsers *users);  // of all users, as far as known
// A refresh: all users that are not noted between these two calls leave the index, which is whole afterwards.
void kept_users_begin_refresh(KeptUsers *users);
void kept_users_end_refresh(KeptUsers *users);
// Appends up to `max` openids, in no order (pack_str).
void kept_users_list(KeptUsers *users, size_t max, Buf *openids);

#endif
