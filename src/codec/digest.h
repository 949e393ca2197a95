// Digests over OpenSSL. A Digest holds the fetched algorithms and their contexts: looking an algorithm up at
// each use costs more than hashing a signature. One thread at a time per handle.
#ifndef WEMOON_CODEC_DIGEST_H
#define WEMOON_CODEC_DIGEST_H

#include "base/str.h"

enum { SHA1_HEX_LEN = 40, MD5_HEX_LEN = 32, SHA256_HEX_LEN = 64 };

typedef struct Digest Digest;
Digest *digest_new(void);  // NULL without memory or algorithms
void digest_free(Digest *digest);

// Lower-case hex of the digest of the concatenated parts, NUL-terminated in `hex`. False when OpenSSL fails.
bool digest_sha1(Digest *digest, const Str *parts, size_t count, char hex[SHA1_HEX_LEN + 1]);
bool digest_md5(Digest *digest, Str data, char hex[MD5_HEX_LEN + 1]);
bool digest_hmac_sha256(Digest *digest, Str key, Str data, char hex[SHA256_HEX_LEN + 1]);
// Whether two strings are equal, in time that depends on their lengths alone.
bool digest_equal(Str a, Str b);
// Unpredictable bytes from the system. False where it has none.
bool digest_random(void *out, size_t len);

#endif
