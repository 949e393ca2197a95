// The sealed text, in two ways: as it stands in the document, and as the bytes that decryption gives. What
// opens was sealed for this appid and seals and opens again.
#include <stdlib.h>

#include "codec/base64.h"
#include "wechat/envelope.h"

static const uint8_t key[AES_KEY_LEN] = "0123456789abcdef0123456789abcde";
static Aes *aes;
static Buf sealed, opened, again, bytes;

static void must(bool condition) {
  if (!condition) abort();
}

static void try_open(Str text) {
  Err err = { 0 };
  buf_reset(&opened);
  if (!envelope_open(aes, key, STR("wx01"), text, &opened, &err)) {
    must(err.code == ERR_INVALID && opened.len == 0);
    return;
  }
  buf_reset(&sealed);
  buf_reset(&again);
  must(envelope_seal(aes, key, STR("wx01"), buf_str(&opened), &sealed, &err));
  must(envelope_open(aes, key, STR("wx01"), buf_str(&sealed), &again, &err));
  must(str_eq(buf_str(&opened), buf_str(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!aes) aes = aes_new();
  try_open(str_make((const char *)data, size));
  buf_reset(&bytes);
  buf_add(&bytes, str_make((const char *)data, size));
  while (bytes.len % AES_BLOCK_LEN) buf_addc(&bytes, '\x04');
  if (bytes.len == 0 || !aes_cbc_encrypt(aes, key, key, bytes.ptr, bytes.len)) return 0;
  Buf text;
  buf_init(&text);
  base64_encode(&text, buf_str(&bytes));
  try_open(buf_str(&text));
  buf_clear(&text);
  return 0;
}
