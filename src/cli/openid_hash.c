// HMAC-SHA256, truncated to 64 bits: tells users apart, and cannot be reversed without the key.
#include "cli/openid_hash.h"

#include <pthread.h>

#include "base/secrets.h"
#include "codec/digest.h"

enum { SHOWN = 16, OPENID_MAX = 31, KEPT = 1024 };

// Hashes made last: one user's lines come close together, and to make a hash takes longer than to write the line.
typedef struct {
  uint8_t len;  // of the openid; 0: none is kept
  char openid[OPENID_MAX];
  char hex[SHOWN];
} Known;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Digest *digest;                // with the mutex
static Known last[KEPT];              // with the mutex
static char key[SHA256_HEX_LEN + 1];  // before threads start
static uint64_t seed;

static bool make(Str openid, char made[SHOWN]) {
  char hex[SHA256_HEX_LEN + 1];
  bool good = digest_hmac_sha256(digest, str_of(key), openid, hex);
  if (good) memcpy(made, hex, SHOWN);
  return good;
}

static bool find_or_make(Known *known, Str openid, char made[SHOWN]) {
  if (!str_eq(str_make(known->openid, known->len), openid)) {
    known->len = 0;
    if (!make(openid, known->hex)) return false;
    known->len = (uint8_t)openid.len;
    memcpy(known->openid, openid.ptr, openid.len);
  }
  memcpy(made, known->hex, SHOWN);
  return true;
}

static Str hash(Str openid, char room[OPENID_SHOWN_MAX]) {
  pthread_mutex_lock(&mutex);
  bool good = openid.len > OPENID_MAX
                  ? make(openid, room)
                  : find_or_make(&last[str_hash(openid, seed) % KEPT], openid, room);
  pthread_mutex_unlock(&mutex);
  return good ? str_make(room, SHOWN) : STR("?");
}

bool openid_hash_begin(Str secret, Err *err) {
  char chance[32];
  if (!digest) digest = digest_new();
  if (secret.len == 0 && digest_random(chance, sizeof chance))
    secret = str_make(chance, sizeof chance);
  if (secret.len == 0 || !digest ||
      !digest_hmac_sha256(digest, secret, STR("wemoon log_openid"), key))
    return err_set(err, ERR_FAILED, "log_openid = \"hash\": the system has no HMAC-SHA256");
  memcpy(&seed, key, sizeof seed);
  secrets_hash_openids(hash);
  return true;
}
