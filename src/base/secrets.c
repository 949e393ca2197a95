#include "base/secrets.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

void secrets_mask(Buf *out, Str secret) {
  if (secret.len >= 12) buf_add(out, str_make(secret.ptr, str_utf8_prefix(secret, 4)));
  buf_printf(out, "…(%zu)", secret.len);
}

enum { OPENID_LEN = 28 };

enum { SECRETS_MAX = SECRETS_KEPT + SECRETS_PASSING };

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static Buf secrets[SECRETS_MAX];  // with the lock: those that are kept, then those that pass
static size_t kept, passed;       // with the lock: how many were added
static atomic_size_t shortest = SIZE_MAX;
static void (*_Atomic hash_openid)(Str openid, Buf *out);

static bool is_known(Str secret) {
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    if (str_eq(buf_str(&secrets[i]), secret)) return true;
  }
  return false;
}

static void put(Buf *place, Str secret) {
  buf_reset(place);
  buf_add(place, secret);
  if (secret.len < shortest) shortest = secret.len;
}

void secrets_add(Str secret) {
  if (secret.len < SECRET_MIN) return;
  pthread_rwlock_wrlock(&lock);
  if (kept < SECRETS_KEPT && !is_known(secret)) put(&secrets[kept++], secret);
  pthread_rwlock_unlock(&lock);
}

void secrets_add_passing(Str secret) {
  if (secret.len < SECRET_MIN) return;
  pthread_rwlock_wrlock(&lock);
  if (!is_known(secret)) put(&secrets[SECRETS_KEPT + passed++ % SECRETS_PASSING], secret);
  pthread_rwlock_unlock(&lock);
}

void secrets_hash_openids(void (*hash)(Str openid, Buf *out)) { hash_openid = hash; }

void secrets_add_openid(Buf *out, Str openid) {
  void (*hash)(Str openid, Buf * out) = hash_openid;
  if (hash) hash(openid, out);
  else buf_add(out, openid);
}

Str secrets_show_openid(Str openid, Buf *room) {
  if (!hash_openid || openid.len == 0) return openid;
  secrets_add_openid(room, openid);
  return buf_str(room);
}

// ---- finding ------------------------------------------------------------------------------------

// What is to be hidden next: where it begins, its length, and whether it is an openid.
typedef struct {
  size_t at, len;
  bool is_openid;
} Found;

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '-'; }

static size_t word_len(Str s) {
  size_t len = 0;
  while (len < s.len && is_word(s.ptr[len])) len++;
  return len;
}

static Found first_openid(Str text) {
  for (size_t at = 0; at + OPENID_LEN <= text.len;) {
    size_t len = word_len(str_sub(text, at, text.len));
    if (len == OPENID_LEN && text.ptr[at] == 'o') return (Found){ at, len, true };
    at += len + 1;
  }
  return (Found){ .len = 0 };
}

static bool comes_first(size_t at, size_t len, const Found *before) {
  return before->len == 0 || at < before->at || (at == before->at && len > before->len);
}

// With the lock. `len` is 0 where there is nothing to hide.
static Found first_hidden(Str text) {
  Found found = hash_openid ? first_openid(text) : (Found){ .len = 0 };
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    Str secret = buf_str(&secrets[i]);
    if (secret.len == 0 || secret.len > text.len) continue;
    const char *at = memmem(text.ptr, text.len, secret.ptr, secret.len);
    if (at && comes_first((size_t)(at - text.ptr), secret.len, &found))
      found = (Found){ (size_t)(at - text.ptr), secret.len, false };
  }
  return found;
}

static void hide(Str text, Found found, Buf *out) {
  for (; found.len > 0; found = first_hidden(text)) {
    Str hidden = str_sub(text, found.at, found.len);
    buf_add(out, str_sub(text, 0, found.at));
    if (found.is_openid) secrets_add_openid(out, hidden);
    else secrets_mask(out, hidden);
    text = str_sub(text, found.at + found.len, text.len);
  }
  buf_add(out, text);
}

bool secrets_hide(Str text, Buf *out) {
  bool may_hold = text.len >= shortest || (hash_openid && text.len >= OPENID_LEN);
  if (!may_hold) return false;
  pthread_rwlock_rdlock(&lock);
  Found found = first_hidden(text);
  if (found.len > 0) hide(text, found, out);
  pthread_rwlock_unlock(&lock);
  return found.len > 0;
}
