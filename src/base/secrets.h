// What no output may show: the secrets that the process knows, and openids if they are to be hashed. Process-wide; any
// thread.
#ifndef WEMOON_BASE_SECRETS_H
#define WEMOON_BASE_SECRETS_H

#include "base/buf.h"

// SECRET_MIN: a shorter secret may be an ordinary word, so only secrets_mask hides it.
enum { SECRET_MIN = 8, SECRETS_KEPT = 32, SECRETS_PASSING = 32 };
enum { OPENID_SHOWN_MAX = 24 };  // bytes of a hashed openid

// Masks that secret from now on. Ignored if it is too short or already known, or if SECRETS_KEPT secrets were added.
void secrets_add(Str secret);
// The same for a secret that will be replaced, such as a token: past SECRETS_PASSING the oldest is forgotten.
void secrets_add_passing(Str secret);
// Appends `text` with every known secret masked and, if openids are to be hashed, everything that looks like one (28
// characters, the first an 'o') hashed. False, with nothing appended, if there was nothing to hide or no memory.
bool secrets_hide(Str text, Buf *out);
// The same for secrets alone: openids stay as they are.
bool secrets_mask_known(Str text, Buf *out);
// Whether secrets_hide has nothing to hide in `text`: mostly found out without a lock.
bool secrets_allow(Str text);
// Shows openids as `hash` makes them from now on, in `room` or constant; NULL: as they are. Call it before threads
// start.
typedef Str (*OpenidHash)(Str openid, char room[OPENID_SHOWN_MAX]);
void secrets_hash_openids(OpenidHash hash);
bool secrets_hashes_openids(void);
// An openid as it may be shown: itself, or its hash, which may be in `room`.
Str secrets_show_openid(Str openid, char room[OPENID_SHOWN_MAX]);

// Appends a secret as it may be shown: its first four characters and its length, "wx12…(32)"; of one shorter
// than 12 bytes the length alone, "…(5)".
void secrets_mask(Buf *out, Str secret);

#endif
