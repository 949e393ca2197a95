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
static atomic_size_t least;  // bytes of the shortest secret, at most WINDOW_MAX; 0: none is known
static void (*_Atomic hash_openid)(Str openid, Buf *out);

// Wu and Manber: a window, as long as the shortest secret, moves over the text. For the pair of bytes at its end: how far
// it may move on before a secret can begin; 0: one may begin here. With the lock.
enum { PAIRS = 4096, WINDOW_MAX = 32 };
static uint8_t moves[PAIRS];
static size_t window;

static inline size_t pair_at(const char *at) {
  uint16_t pair;
  memcpy(&pair, at, sizeof pair);
  return pair % PAIRS;
}

static Str secret_at(size_t i) { return buf_str(&secrets[i]); }

static size_t shortest_secret(void) {
  size_t shortest = WINDOW_MAX;
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    size_t len = secret_at(i).len;
    if (len && len < shortest) shortest = len;
  }
  return shortest;
}

static void set_moves(void) {
  window = shortest_secret();
  memset(moves, (int)window - 1, sizeof moves);
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    Str secret = secret_at(i);
    for (size_t at = 0; secret.len && at + 2 <= window; at++) {
      uint8_t *move = &moves[pair_at(secret.ptr + at)];
      if (*move > window - 2 - at) *move = (uint8_t)(window - 2 - at);
    }
  }
}

static bool is_known(Str secret) {
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    if (str_eq(secret_at(i), secret)) return true;
  }
  return false;
}

static void put(Buf *place, Str secret) {
  buf_reset(place);
  buf_add(place, secret);
  set_moves();
  least = window;
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

// The next part to hide: its position, its length, and whether it is an openid.
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

static void try_secrets(Str text, size_t from, size_t count, size_t *longest) {
  for (size_t i = from; i < from + count; i++) {
    Str secret = secret_at(i);
    if (secret.len > *longest && str_starts(text, secret)) *longest = secret.len;
  }
}

// The longest secret that the text begins with; 0 if there is none.
static size_t secret_len(Str text) {
  size_t longest = 0;
  try_secrets(text, 0, kept, &longest);
  try_secrets(text, SECRETS_KEPT, passed < SECRETS_PASSING ? passed : SECRETS_PASSING, &longest);
  return longest;
}

// The first pair, of those from `pair` to `stop`, where a secret's window may end; beyond `stop`: there is none.
static inline const char *next_pair(const char *pair, const char *stop) {
  // A move of 0 stays where it is, so only one of four is looked at.
  for (size_t move; stop - pair >= 4 * (ptrdiff_t)window; pair += move) {
    for (int i = 0; i < 3; i++) pair += moves[pair_at(pair)];
    if ((move = moves[pair_at(pair)]) == 0) return pair;
  }
  for (size_t move; pair <= stop && (move = moves[pair_at(pair)]) > 0;) pair += move;
  return pair;
}

static Found first_secret(Str text) {
  const char *end = text.ptr + text.len, *stop = end - 2;
  const char *pair = next_pair(text.ptr + window - 2, stop);
  for (; pair <= stop; pair = next_pair(pair + 1, stop)) {
    const char *at = pair - (window - 2);
    size_t len = secret_len(str_make(at, (size_t)(end - at)));
    if (len) return (Found){ (size_t)(at - text.ptr), len, false };
  }
  return (Found){ .len = 0 };
}

// With the lock. `len` is 0 if there is nothing to hide.
static Found first_hidden(Str text, bool openids) {
  Found secret = text.len >= window && window ? first_secret(text) : (Found){ .len = 0 };
  Found openid = openids ? first_openid(text) : (Found){ .len = 0 };
  bool openid_first = openid.len && (secret.len == 0 || openid.at < secret.at ||
                                     (openid.at == secret.at && openid.len >= secret.len));
  return openid_first ? openid : secret;
}

static void hide(Str text, Found found, bool openids, Buf *out) {
  for (; found.len > 0; found = first_hidden(text, openids)) {
    Str hidden = str_sub(text, found.at, found.len);
    buf_add(out, str_sub(text, 0, found.at));
    if (found.is_openid) secrets_add_openid(out, hidden);
    else secrets_mask(out, hidden);
    text = str_sub(text, found.at + found.len, text.len);
  }
  buf_add(out, text);
}

static inline bool may_hold_secret(Str text) {
  size_t shortest = atomic_load_explicit(&least, memory_order_relaxed);
  return shortest && text.len >= shortest;
}

static bool hide_all(Str text, bool openids, Buf *out) {
  if (!may_hold_secret(text) && !(openids && text.len >= OPENID_LEN)) return false;
  pthread_rwlock_rdlock(&lock);
  Found found = first_hidden(text, openids);
  if (found.len > 0) hide(text, found, openids, out);
  pthread_rwlock_unlock(&lock);
  return found.len > 0;
}

bool secrets_hide(Str text, Buf *out) { return hide_all(text, hash_openid != NULL, out); }

bool secrets_mask_known(Str text, Buf *out) { return hide_all(text, false, out); }

bool secrets_allow(Str text) {
  if (hash_openid) return false;
  if (!may_hold_secret(text)) return true;
  pthread_rwlock_rdlock(&lock);
  bool found = text.len >= window && first_secret(text).len > 0;
  pthread_rwlock_unlock(&lock);
  return !found;
}
