// AES-256-CBC without padding over OpenSSL.
#include "codec/aes.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct Aes {
  EVP_CIPHER *cipher;
  EVP_CIPHER_CTX *encrypting, *decrypting;
};

Aes *aes_new(void) {
  Aes *aes = calloc(1, sizeof *aes);
  if (!aes) return NULL;
  aes->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  aes->encrypting = EVP_CIPHER_CTX_new();
  aes->decrypting = EVP_CIPHER_CTX_new();
  if (aes->cipher && aes->encrypting && aes->decrypting) return aes;
  aes_free(aes);
  return NULL;
}

void aes_free(Aes *aes) {
  if (!aes) return;
  EVP_CIPHER_CTX_free(aes->encrypting);
  EVP_CIPHER_CTX_free(aes->decrypting);
  EVP_CIPHER_free(aes->cipher);
  free(aes);
}

static bool run(EVP_CIPHER_CTX *context, const void *in, size_t len, void *out) {
  int done = 0;
  if (len % AES_BLOCK_LEN || len > INT_MAX) return false;
  if (len == 0) return true;
  EVP_CIPHER_CTX_set_padding(context, 0);
  return EVP_CipherUpdate(context, out, &done, in, (int)len) == 1 && (size_t)done == len;
}

bool aes_cbc_encrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     const void *in, size_t len, void *out) {
  bool ok = EVP_EncryptInit_ex2(aes->encrypting, aes->cipher, key, iv, NULL) == 1 &&
            run(aes->encrypting, in, len, out);
  if (!ok) ERR_clear_error();
  return ok;
}

bool aes_cbc_decrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     const void *in, size_t len, void *out) {
  bool ok = EVP_DecryptInit_ex2(aes->decrypting, aes->cipher, key, iv, NULL) == 1 &&
            run(aes->decrypting, in, len, out);
  if (!ok) ERR_clear_error();
  return ok;
}
