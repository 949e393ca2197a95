// HMAC-SHA256, truncated to 64 bits: tells users apart, and cannot be reversed without the key.
#include "cli/openid_hash.h"

#include <pthread.h>

#include "base/secrets.h"
#include "codec/digest.h"

enum { SHOWN = 16 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Digest *digest;                // with the mutex
static char key[SHA256_HEX_LEN + 1];  // before threads start

static void hash(Str openid, Buf *out) {
  char hex[SHA256_HEX_LEN + 1];
  pthread_mutex_lock(&mutex);
  bool made = digest_hmac_sha256(digest, str_of(key), openid, hex);
  pthread_mutex_unlock(&mutex);
  buf_add(out, made ? str_make(hex, SHOWN) : STR("?"));
}

bool openid_hash_begin(Str secret, Err *err) {
  char chance[32];
  if (!digest) digest = digest_new();
  if (secret.len == 0 && digest_random(chance, sizeof chance))
    secret = str_make(chance, sizeof chance);
  if (secret.len == 0 || !digest ||
      !digest_hmac_sha256(digest, secret, STR("wemoon log_openid"), key))
    return err_set(err, ERR_FAILED, "log_openid = \"hash\": the system has no HMAC-SHA256");
  secrets_hash_openids(hash);
  return true;
}
