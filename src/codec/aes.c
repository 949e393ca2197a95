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
  uint8_t last[AES_BLOCK_LEN];  // the cipher block that the context will chain to
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

static bool has_key(const Way *way, const uint8_t key[AES_KEY_LEN]) {
  return way->has_key && digest_equal(str_make((const char *)way->key, AES_KEY_LEN),
                                      str_make((const char *)key, AES_KEY_LEN));
}

// To expand a key costs more than to encrypt a message, and a bot has one or two keys: the one of the message before is
// kept. The context then goes on chaining, which rechain() mends.
static bool set_key(Aes *aes, Way *way, bool encrypts, const uint8_t key[AES_KEY_LEN]) {
  static const uint8_t zeros[AES_IV_LEN];
  if (has_key(way, key)) return true;
  way->has_key = EVP_CipherInit_ex2(way->context, aes->cipher, key, zeros, encrypts, NULL) == 1 &&
                 EVP_CIPHER_CTX_set_padding(way->context, 0) == 1;
  memcpy(way->key, key, AES_KEY_LEN);
  memcpy(way->last, zeros, AES_BLOCK_LEN);
  return way->has_key;
}

// Replaces, in the first block, the block that the context chains it to by the initialization vector: OpenSSL takes
// longer to be given another than to decrypt a message.
static void rechain(const Way *way, const uint8_t iv[AES_IV_LEN], uint8_t *block) {
  for (size_t i = 0; i < AES_BLOCK_LEN; i++) block[i] ^= way->last[i] ^ iv[i];
}

static bool update(Way *way, uint8_t *bytes, size_t len) {
  int done = 0;
  way->has_key =
      EVP_CipherUpdate(way->context, bytes, &done, bytes, (int)len) == 1 && (size_t)done == len;
  return way->has_key;
}

static bool drop_error(void) {
  ERR_clear_error();
  return false;
}

static bool begin(Aes *aes, Way *way, bool encrypts, const uint8_t key[AES_KEY_LEN], size_t len) {
  if (len % AES_BLOCK_LEN || len > INT_MAX) return false;
  return set_key(aes, way, encrypts, key) || drop_error();
}

static void copy_last_block(uint8_t *to, const uint8_t *bytes, size_t len) {
  memcpy(to, bytes + len - AES_BLOCK_LEN, AES_BLOCK_LEN);
}

bool aes_cbc_encrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     void *bytes, size_t len) {
  Way *way = &aes->encrypting;
  if (len == 0) return true;
  if (!begin(aes, way, true, key, len)) return false;
  rechain(way, iv, bytes);
  if (!update(way, bytes, len)) return drop_error();
  copy_last_block(way->last, bytes, len);
  return true;
}

bool aes_cbc_decrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     void *bytes, size_t len) {
  Way *way = &aes->decrypting;
  uint8_t last[AES_BLOCK_LEN];
  if (len == 0) return true;
  if (!begin(aes, way, false, key, len)) return false;
  copy_last_block(last, bytes, len);
  if (!update(way, bytes, len)) return drop_error();
  rechain(way, iv, bytes);
  memcpy(way->last, last, AES_BLOCK_LEN);
  return true;
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
