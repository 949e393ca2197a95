#include "codec/keyed_digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "codec/digest.h"

struct KeyedDigest {
  EVP_MAC *algorithm;
  EVP_MAC_CTX *context;
  unsigned char key[KEYED_DIGEST_LEN];
};

KeyedDigest *keyed_digest_new(const unsigned char *key) {
  KeyedDigest *keyed = calloc(1, sizeof *keyed);
  if (!keyed) return NULL;
  keyed->algorithm = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
  keyed->context = keyed->algorithm ? EVP_MAC_CTX_new(keyed->algorithm) : NULL;
  if (key) memcpy(keyed->key, key, sizeof keyed->key);
  if (keyed->context && (key || digest_random(keyed->key, sizeof keyed->key))) return keyed;
  ERR_clear_error();
  keyed_digest_free(keyed);
  return NULL;
}

void keyed_digest_free(KeyedDigest *keyed) {
  if (!keyed) return;
  EVP_MAC_CTX_free(keyed->context);
  EVP_MAC_free(keyed->algorithm);
  OPENSSL_cleanse(keyed->key, sizeof keyed->key);
  free(keyed);
}

bool keyed_digest_make(KeyedDigest *keyed, Str text, unsigned char digest[KEYED_DIGEST_LEN]) {
  size_t len = 0;
  // The key is given each time, because without it OpenSSL 3.0 goes on where the last text ended.
  bool ok = EVP_MAC_init(keyed->context, keyed->key, sizeof keyed->key, NULL) == 1 &&
            (text.len == 0 ||
             EVP_MAC_update(keyed->context, (const unsigned char *)text.ptr, text.len) == 1) &&
            EVP_MAC_final(keyed->context, digest, &len, KEYED_DIGEST_LEN) == 1 &&
            len == KEYED_DIGEST_LEN;
  if (!ok) ERR_clear_error();
  return ok;
}
