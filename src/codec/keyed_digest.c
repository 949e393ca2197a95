#include "codec/keyed_digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "codec/digest.h"

enum { LONGEST = 32 };  // bytes: HMAC-SHA256

struct KeyedDigest {
  EVP_MAC *algorithm;
  EVP_MAC_CTX *context;
  unsigned char key[KEYED_DIGEST_LEN];
};

// False without memory or algorithm.
static bool use(KeyedDigest *keyed, const char *name, const OSSL_PARAM *parameters) {
  keyed->algorithm = EVP_MAC_fetch(NULL, name, NULL);
  keyed->context = keyed->algorithm ? EVP_MAC_CTX_new(keyed->algorithm) : NULL;
  return keyed->context && EVP_MAC_CTX_set_params(keyed->context, parameters) == 1;
}

static bool use_hmac(KeyedDigest *keyed) {
  char sha256[] = "SHA256";
  OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
                              OSSL_PARAM_construct_end() };
  EVP_MAC_CTX_free(keyed->context);
  EVP_MAC_free(keyed->algorithm);
  return use(keyed, "HMAC", parameters);
}

KeyedDigest *keyed_digest_new(const unsigned char *key) {
  KeyedDigest *keyed = calloc(1, sizeof *keyed);
  if (!keyed) return NULL;
  OSSL_PARAM none = OSSL_PARAM_construct_end();
  bool ok = use(keyed, "SIPHASH", &none) || use_hmac(keyed);
  ERR_clear_error();
  if (key) memcpy(keyed->key, key, sizeof keyed->key);
  if (ok && (key || digest_random(keyed->key, sizeof keyed->key))) return keyed;
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
  unsigned char whole[LONGEST];
  size_t len = 0;
  // The key is given each time, because without it OpenSSL 3.0 goes on where the last text ended.
  bool ok = EVP_MAC_init(keyed->context, keyed->key, sizeof keyed->key, NULL) == 1 &&
            (text.len == 0 ||
             EVP_MAC_update(keyed->context, (const unsigned char *)text.ptr, text.len) == 1) &&
            EVP_MAC_final(keyed->context, whole, &len, sizeof whole) == 1 &&
            len >= KEYED_DIGEST_LEN;
  if (ok) memcpy(digest, whole, KEYED_DIGEST_LEN);
  else ERR_clear_error();
  return ok;
}
