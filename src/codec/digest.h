// Digests, over OpenSSL. A Digest keeps the fetched algorithms and their contexts: to fetch an algorithm costs more
// than to hash a signature. One thread at a time per handle.
#ifndef WEMOON_CODEC_DIGEST_H
#define WEMOON_CODEC_DIGEST_H

#include "base/str.h"

enum { SHA1_HEX_LEN = 40, MD5_HEX_LEN = 32, SHA256_HEX_LEN = 64 };

typedef struct Digest Digest;
Digest *digest_new(void);          // NULL without memory or algorithms
void digest_free(Digest *digest);  // NULL is allowed

// Writes the digest of the concatenated parts to `hex`, in lower-case hex with a NUL. False if OpenSSL fails.
bool digest_sha1(Digest *digest, const Str *parts, size_t count, char hex[SHA1_HEX_LEN + 1]);
bool digest_md5(Digest *digest, Str data, char hex[MD5_HEX_LEN + 1]);
bool digest_hmac_sha256(Digest *digest, Str key, Str data, char hex[SHA256_HEX_LEN + 1]);
// Compares two strings in time that depends on their lengths alone.
bool digest_equal(Str a, Str b);
// Fills the buffer with random bytes from the system. False if it has none.
bool digest_random(void *out, size_t len);

#endif
