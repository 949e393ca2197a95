// A set of texts of which only that they were seen, how often, and until when that matters is known. A text takes 21 to
// 27 bytes, however long it is: a digest of 96 bits under a secret key, so that nobody can make two texts meet. Memory
// is given back as texts expire. One thread at a time.
#ifndef WEMOON_BOT_DIGEST_SET_H
#define WEMOON_BOT_DIGEST_SET_H

#include "base/buf.h"
#include "base/err.h"

enum {
  DIGEST_SET_TRIES_MAX = 15,
  DIGEST_SET_PIECE = 1024  // texts in a piece, at most
};

typedef struct DigestSet DigestSet;

DigestSet *digest_set_new(void);       // NULL without memory, algorithm or random bytes
void digest_set_free(DigestSet *set);  // NULL is allowed
// Adds a text that is not in the set, and was tried so often already: once at least. It expires at `expires_us`, or up
// to a millisecond later; its memory is given back once those added before have expired too. False without memory.
bool digest_set_add(DigestSet *set, Str text, int tries, int64_t expires_us);
// Counts `by` more tries of the text and returns which one the last is, DIGEST_SET_TRIES_MAX at most; 0: the set does
// not have it, or it has expired; -1: OpenSSL has no memory.
int digest_set_try(DigestSet *set, Str text, int by, int64_t now_us);
// Removes texts that have expired, `most` at most.
void digest_set_expire(DigestSet *set, int64_t now_us, size_t most);

// A set is handed over in pieces of 16 bytes a text, which hold its key: they are as secret as that. `clock_ms` is what
// is added to times of the set, to make them those of a clock that both sides have.

// The number of the first piece, from which digest_set_pack may begin.
uint32_t digest_set_first(const DigestSet *set);
// Appends the piece `*number` or, if that or all of it has expired, the first one behind it; *number becomes the next
// one's. Texts that are added later are behind it, in the last piece too. Returns the number of texts in it, and when
// all of them have expired; 0: there is no such piece. Without memory `out` has failed.
size_t digest_set_pack(const DigestSet *set, uint32_t *number, int64_t now_us, int64_t clock_ms,
                       Buf *out, int64_t *expires_us);
size_t digest_set_packed_count(Str piece);  // 0: it is no piece
// Adds `most` texts of a piece, from the text `from` on; those that the set has and that have expired are left out. A
// set that is empty takes over the piece's key. ERR_INVALID: it is no piece; the set is not empty and has another key;
// OpenSSL makes other digests here. ERR_MEMORY: some were not added.
bool digest_set_add_packed(DigestSet *set, Str piece, size_t from, size_t most, int64_t now_us,
                           int64_t clock_ms, Err *err);
size_t digest_set_count(const DigestSet *set);  // expired ones that were not removed yet included
size_t digest_set_bytes(const DigestSet *set);  // what they take

#endif
