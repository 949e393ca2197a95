// SHA-1, MD5 and HMAC-SHA-256 over OpenSSL, as hex.
#include "codec/digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>
#include <endian.h>
#include <errno.h>

enum { SHA256_LEN = 32, SHA256_BLOCK = 64 };

struct Digest {
  SHA_CTX sha1;
  EVP_MD *md5, *sha256;
  EVP_MD_CTX *context;
};

Digest *digest_new(void) {
  Digest *digest = calloc(1, sizeof *digest);
  if (!digest) return NULL;
  digest->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
  digest->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  digest->context = EVP_MD_CTX_new();
  if (digest->md5 && digest->sha256 && digest->context) return digest;
  digest_free(digest);
  return NULL;
}

void digest_free(Digest *digest) {
  if (!digest) return;
  EVP_MD_CTX_free(digest->context);
  EVP_MD_free(digest->md5);
  EVP_MD_free(digest->sha256);
  free(digest);
}

static bool update(Digest *digest, const Str *parts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (parts[i].len && EVP_DigestUpdate(digest->context, parts[i].ptr, parts[i].len) != 1)
      return false;
  }
  return true;
}

// Drops OpenSSL's error queue of the thread, which is not used.
static bool hash(Digest *digest, const EVP_MD *algorithm, const Str *parts, size_t count,
                 unsigned char *out) {
  bool ok = EVP_DigestInit_ex2(digest->context, algorithm, NULL) == 1 &&
            update(digest, parts, count) && EVP_DigestFinal_ex(digest->context, out, NULL) == 1;
  if (!ok) ERR_clear_error();
  return ok;
}

// Eight digits at a time, one in each byte of a word: 6 more carries a digit above 9 into the next four bits.
// `len` is a multiple of four.
static void to_hex(const unsigned char *bytes, size_t len, char *hex) {
  for (size_t i = 0; i < len; i += 4, hex += 8) {
    uint64_t word = (uint64_t)bytes[i] | (uint64_t)bytes[i + 1] << 16 |
                    (uint64_t)bytes[i + 2] << 32 | (uint64_t)bytes[i + 3] << 48;
    uint64_t digits = (word >> 4 & 0x000F000F000F000F) | (word & 0x000F000F000F000F) << 8;
    uint64_t letters = (digits + 0x0606060606060606) >> 4 & 0x0101010101010101;
    uint64_t text = htole64(digits + 0x3030303030303030 + letters * ('a' - '9' - 1));
    memcpy(hex, &text, sizeof text);
  }
  *hex = '\0';
}

// Every callback waits for this one, and of a signature's digest four fifths would be what EVP does around
// it; so it is taken from beneath EVP, where OpenSSL 3 still has it and calls it deprecated.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
bool digest_sha1(Digest *digest, const Str *parts, size_t count, char hex[SHA1_HEX_LEN + 1]) {
  unsigned char bytes[SHA_DIGEST_LENGTH];
  bool ok = SHA1_Init(&digest->sha1) == 1;
  for (size_t i = 0; i < count && ok; i++) {
    if (parts[i].len) ok = SHA1_Update(&digest->sha1, parts[i].ptr, parts[i].len) == 1;
  }
  ok = ok && SHA1_Final(bytes, &digest->sha1) == 1;
  if (ok) to_hex(bytes, sizeof bytes, hex);
  return ok;
}
#pragma GCC diagnostic pop

bool digest_md5(Digest *digest, Str data, char hex[MD5_HEX_LEN + 1]) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  if (!hash(digest, digest->md5, &data, 1, bytes)) return false;
  to_hex(bytes, MD5_HEX_LEN / 2, hex);
  return true;
}

// RFC 2104 over the digest above: OpenSSL's own HMAC fetches its algorithm at each use.
bool digest_hmac_sha256(Digest *digest, Str key, Str data, char hex[SHA256_HEX_LEN + 1]) {
  unsigned char block[SHA256_BLOCK] = { 0 }, inner[SHA256_BLOCK], outer[SHA256_BLOCK],
                bytes[EVP_MAX_MD_SIZE];
  bool done = true;
  if (key.len > sizeof block) done = hash(digest, digest->sha256, &key, 1, block);
  else if (key.len) memcpy(block, key.ptr, key.len);
  for (size_t i = 0; i < sizeof block; i++) {
    inner[i] = block[i] ^ 0x36;
    outer[i] = block[i] ^ 0x5C;
  }
  Str first[] = { str_make((const char *)inner, sizeof inner), data };
  Str second[] = { str_make((const char *)outer, sizeof outer),
                   str_make((const char *)bytes, SHA256_LEN) };
  done = done && hash(digest, digest->sha256, first, 2, bytes) &&
         hash(digest, digest->sha256, second, 2, bytes);
  if (done) to_hex(bytes, SHA256_LEN, hex);
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(inner, sizeof inner);
  OPENSSL_cleanse(outer, sizeof outer);
  return done;
}

// Eight bytes at a time, where CRYPTO_memcmp takes one. The empty asm keeps the compiler from knowing anything about
// `differs`, so that it cannot end the loop early.
bool digest_equal(Str a, Str b) {
  uint64_t differs = 0, from_a, from_b;
  size_t i = 0;
  if (a.len != b.len) return false;
  for (; i + 8 <= a.len; i += 8) {
    memcpy(&from_a, a.ptr + i, 8);
    memcpy(&from_b, b.ptr + i, 8);
    differs |= from_a ^ from_b;
    __asm__("" : "+r"(differs));
  }
  for (; i < a.len; i++) {
    differs |= (uint64_t)(a.ptr[i] ^ b.ptr[i]);
    __asm__("" : "+r"(differs));
  }
  return differs == 0;
}

bool digest_random(void *out, size_t len) {
  char *at = out;
  while (len > 0) {
    ssize_t got = getrandom(at, len, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    len -= (size_t)got;
  }
  return true;
}
