// A pseudo-random function, SipHash-2-4 with 128 bits. Without the key nobody can find two texts with the same digest,
// or tell digests from random bytes. Where OpenSSL lacks SipHash (FIPS), HMAC-SHA256 cut to 128 bits is used. One
// thread at a time per handle.
#ifndef WEMOON_CODEC_KEYED_DIGEST_H
#define WEMOON_CODEC_KEYED_DIGEST_H

#include "base/str.h"

enum { KEYED_DIGEST_LEN = 16 };

typedef struct KeyedDigest KeyedDigest;
// `key` has KEYED_DIGEST_LEN bytes; NULL: a random one. Returns NULL without memory, algorithm or random bytes.
KeyedDigest *keyed_digest_new(const unsigned char *key);
void keyed_digest_free(KeyedDigest *keyed);  // NULL is allowed
// Writes the text's digest. False if OpenSSL fails.
bool keyed_digest_make(KeyedDigest *keyed, Str text, unsigned char digest[KEYED_DIGEST_LEN]);

#endif
