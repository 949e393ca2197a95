// AES-256-CBC without padding, over OpenSSL. The handle keeps the contexts; one thread at a time per handle.
#ifndef WEMOON_CODEC_AES_H
#define WEMOON_CODEC_AES_H

#include "base/str.h"

enum { AES_KEY_LEN = 32, AES_IV_LEN = 16, AES_BLOCK_LEN = 16 };

typedef struct Aes Aes;
// For one thread at a time. NULL without memory.
Aes *aes_new(void);
void aes_free(Aes *aes);  // wipes its keys; NULL is allowed
// In place. False if `len` is not a multiple of 16, or OpenSSL fails: then the bytes mean nothing.
bool aes_cbc_encrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     void *bytes, size_t len);
bool aes_cbc_decrypt(Aes *aes, const uint8_t key[AES_KEY_LEN], const uint8_t iv[AES_IV_LEN],
                     void *bytes, size_t len);
// Fills `out` with random bytes of the system, which the handle fetches for many calls at once: the system call costs
// more than to encrypt a message. False if the system has none.
bool aes_random(Aes *aes, void *out, size_t len);

#endif
