// What no output may show: secrets that the process knows, and openids where they are to be hashed.
// Process-wide; any thread.
#ifndef WEMOON_BASE_SECRETS_H
#define WEMOON_BASE_SECRETS_H

#include "base/buf.h"

// Shorter ones are words too: they are masked only where wemoon itself would print them.
enum { SECRET_MIN = 8, SECRETS_KEPT = 32, SECRETS_PASSING = 32 };

// From now on that secret is masked (secrets_mask). One that is too short, or known, changes nothing, nor does
// one past the SECRETS_KEPT that the configuration has room for.
void secrets_add(Str secret);
// The same for one that another will replace, a token: past SECRETS_PASSING the oldest is forgotten.
void secrets_add_passing(Str secret);
// Appends `text` with every known secret masked and, where openids are hashed, what looks like one (28
// characters, the first an 'o') hashed. False, and nothing appended, where nothing was to be hidden or there
// is no memory.
bool secrets_hide(Str text, Buf *out);
// From now on openids are written as `hash` appends them; NULL: as they are. Before threads start.
void secrets_hash_openids(void (*hash)(Str openid, Buf *out));
// An openid as it may be shown: itself, or its hash, which is put in `room`.
Str secrets_show_openid(Str openid, Buf *room);
// Appends an openid as it may be shown.
void secrets_add_openid(Buf *out, Str openid);

// Appends a secret as it may be shown: its first four characters and its length, "wx12…(32)"; of one shorter
// than 12 bytes the length alone, "…(5)".
void secrets_mask(Buf *out, Str secret);

#endif
