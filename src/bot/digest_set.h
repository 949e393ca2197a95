// A set of texts of which only that they were seen, how often, and until when that matters is known. A text takes 25 to
// 31 bytes, however long it is: a digest of 128 bits under a key of the set's own, so that nobody can make two texts
// meet. Memory is given back as texts expire. One thread at a time.
#ifndef WEMOON_BOT_DIGEST_SET_H
#define WEMOON_BOT_DIGEST_SET_H

#include "base/str.h"

enum { DIGEST_SET_TRIES_MAX = 15 };

typedef struct DigestSet DigestSet;

DigestSet *digest_set_new(void);       // NULL without memory, algorithm or random bytes
void digest_set_free(DigestSet *set);  // NULL is allowed
// Adds a text that is not in the set, and was tried so often already: once at least. It expires at `expires_us`, or up
// to a millisecond later: not before the one added last. False without memory.
bool digest_set_add(DigestSet *set, Str text, int tries, int64_t expires_us);
// Counts `by` more tries of the text and returns which one the last is, DIGEST_SET_TRIES_MAX at most; 0: the set does
// not have it, or it has expired; -1: OpenSSL has no memory.
int digest_set_try(DigestSet *set, Str text, int by, int64_t now_us);
// Removes texts that have expired, `most` at most.
void digest_set_expire(DigestSet *set, int64_t now_us, size_t most);
size_t digest_set_count(const DigestSet *set);  // expired ones that were not removed yet included
size_t digest_set_bytes(const DigestSet *set);  // what they take

#endif
