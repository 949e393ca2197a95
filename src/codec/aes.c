// AES-256-CBC without padding over OpenSSL.
#include "codec/aes.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "codec/digest.h"

enum { RANDOM_MAX = 256 };  // what getrandom gives whole, even if a signal arrives

// A direction, with the key that its context is set up for.
typedef struct {
  EVP_CIPHER_CTX *context;
  uint8_t key[AES_KEY_LEN];
  bool has_key;
} Way;

struct Aes {
  EVP_CIPHER *cipher;
  Way encrypting, decrypting;
  uint8_t random[RANDOM_MAX];  // the last `random_left` of them were not given yet
  size_t random_left;
};

Aes *aes_new(void) {
  Aes *aes = calloc(1, sizeof *aes);
  if (!aes) return NULL;
  aes->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  aes->encrypting.context = EVP_CIPHER_CTX_new();
  aes->decrypting.context = EVP_CIPHER_CTX_new();
  if (aes->cipher && aes->encrypting.context && aes->decrypting.context) return aes;
  aes_free(aes);
  return NULL;
}

void aes_free(Aes *aes) {
  if (!aes) return;
  EVP_CIPHER_CTX_free(aes->encrypting.context);
  EVP_CIPHER_CTX_free(aes->decrypting.context);
  EVP_CIPHER_free(aes->cipher);
  OPENSSL_cleanse(aes, sizeof *aes);
  free(aes);
}

// Sets up the context for a message. To expand a key costs more than to encrypt a message, and a bot has one or two
// keys: the one of the message before is kept.
static bool begin(Aes *aes, Way *way, bool encrypts, const uint8_t key[AES_KEY_LEN],
                  const uint8_t iv[AES_IV_LEN]) {
  if (way->has_key && digest_equal(str_make((const char *)way->key, AES_KEY_LEN),
                                   str_make((const char *)key, AES_KEY_LEN)))
    return EVP_CipherInit_ex2(way->context, NULL, NULL, iv, encrypts, NULL) == 1;
  way->has_key = EVP_CipherInit_ex2(way->context, aes->cipher, key, iv, encrypts, NULL) == 1 &&
                 EVP_CIPHER_CTX_set_padding(way->context, 0) == 1;
  if (way->has_key) memcpy(way->key, key, AES_KEY_LEN);
  return way->has_key;
}

static bool run(Aes *aes, Way *way, bool encrypts, const uint8_t key[AES_KEY_LEN],
                const uint8_t iv[AES_IV_LEN], const void *in, size_t len, void *out) {
  int done = 0;
  if (len % AES_BLOCK_LEN || len > INT_MAX) return false;
  if (len == 0) return true;
  bool ok = begin(aes, way, encrypts, key, iv) &&
            EVP_CipherUpdate(way->context, out, &done, in, (int)len) == 1 && (size_t)done == len;
  if (ok) return true;
  way->has_key = false;
  ERR_clear_error();
  return false;
}

bool aes_cbc_encrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     const void *in, size_t len, void *out) {
  return run(aes, &aes->encrypting, true, key, iv, in, len, out);
}

bool aes_cbc_decrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     const void *in, size_t len, void *out) {
  return run(aes, &aes->decrypting, false, key, iv, in, len, out);
}

// Each byte is given once, and forgotten.
bool aes_random(Aes *aes, void *out, size_t len) {
  if (len > RANDOM_MAX) return digest_random(out, len);
  if (len > aes->random_left) {
    if (!digest_random(aes->random, RANDOM_MAX)) return false;
    aes->random_left = RANDOM_MAX;
  }
  uint8_t *from = aes->random + RANDOM_MAX - aes->random_left;
  memcpy(out, from, len);
  OPENSSL_cleanse(from, len);
  aes->random_left -= len;
  return true;
}
