#include "base/secrets.h"

#include <endian.h>
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
static _Atomic OpenidHash openid_hash;

// Of a text only the three bytes at every (window - 2)-th place are looked at, where `window` is the length of the
// shortest secret: three such bytes stand within the first `window` bytes of each secret in the text. No look waits for
// another, as it would if each said how far away the next one is. If the three are marked, because a secret's window
// has them, it is looked for four bytes around them that are the first four of a secret.
// Written with the lock, each store a release; who reads without the lock reads by acquiring, and looks before and
// after at the version, which is odd while they are written.
enum { MARKS = 1 << 16, FRONTS = 4096, WINDOW_MAX = 32, LOOK = 3 };
static atomic_bool marks[MARKS];
static atomic_bool fronts[FRONTS];
static atomic_size_t window;  // at most WINDOW_MAX; 0: no secret is known
static atomic_uint version;

static inline size_t window_now(void) {
  return atomic_load_explicit(&window, memory_order_acquire);
}

// The mark of the first three of four bytes: the product is shifted by the fourth one.
static inline atomic_bool *mark_of(uint32_t four) {
  return &marks[(le32toh(four) * (0x9E3779B1u << 8)) >> 16];
}

static inline atomic_bool *mark_of_three(const char *at) {
  uint32_t four = 0;
  memcpy(&four, at, LOOK);
  return mark_of(four);
}

static inline size_t four_at(const char *at) {
  uint32_t four;
  memcpy(&four, at, sizeof four);
  return (four * 0x9E3779B1u >> 16) % FRONTS;
}

static inline bool is_front(const char *at) {
  return atomic_load_explicit(&fronts[four_at(at)], memory_order_acquire);
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

static void add_to_tables(Str secret, size_t len) {
  atomic_store_explicit(&fronts[four_at(secret.ptr)], true, memory_order_release);
  for (size_t n = 0; n + LOOK <= len; n++)
    atomic_store_explicit(mark_of_three(secret.ptr + n), true, memory_order_release);
}

static void set_tables(void) {
  size_t len = shortest_secret();
  atomic_fetch_add(&version, 1);
  for (size_t i = 0; i < MARKS; i++) atomic_store_explicit(&marks[i], false, memory_order_release);
  for (size_t i = 0; i < FRONTS; i++)
    atomic_store_explicit(&fronts[i], false, memory_order_release);
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    if (secret_at(i).len) add_to_tables(secret_at(i), len);
  }
  atomic_store_explicit(&window, len, memory_order_release);
  atomic_fetch_add(&version, 1);
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
  set_tables();
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

void secrets_hash_openids(OpenidHash hash) { openid_hash = hash; }

bool secrets_hashes_openids(void) { return openid_hash != NULL; }

Str secrets_show_openid(Str openid, char room[OPENID_SHOWN_MAX]) {
  OpenidHash hash = openid_hash;
  return hash && openid.len ? hash(openid, room) : openid;
}

// ---- finding ------------------------------------------------------------------------------------

// The next part to hide: its position, its length, and whether it is an openid.
typedef struct {
  size_t at, len;
  bool is_openid;
} Found;

static const bool words[256] = {
  ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true, ['-'] = true
};

static inline bool is_word(char c) { return words[(unsigned char)c]; }

static Str word_at(Str text, size_t at) {
  size_t from = at, to = at + 1;
  while (from > 0 && is_word(text.ptr[from - 1])) from--;
  while (to < text.len && is_word(text.ptr[to])) to++;
  return str_make(text.ptr + from, to - from);
}

// A word of OPENID_LEN has a character at every OPENID_LEN-th place, so only the words there are looked at.
static Found first_openid(Str text) {
  for (size_t at = OPENID_LEN - 1; at < text.len; at += OPENID_LEN) {
    if (!is_word(text.ptr[at])) continue;
    Str word = word_at(text, at);
    size_t from = (size_t)(word.ptr - text.ptr);
    if (word.len == OPENID_LEN && word.ptr[0] == 'o') return (Found){ from, word.len, true };
    at = from + word.len;
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

// The mark of three bytes of which the fourth can be read too.
static inline int look(const char *at) {
  uint32_t four;
  memcpy(&four, at, sizeof four);
  return atomic_load_explicit(mark_of(four), memory_order_acquire);
}

static inline int look_at_four(const char *at, size_t step) {
  return look(at) | look(at + step) | look(at + 2 * step) | look(at + 3 * step);
}

// Whether a place is marked of those where a window of `len` bytes would have one. The last look is laid over those
// before it.
static inline bool is_any_marked(Str text, size_t len) {
  size_t at = len - LOOK, step = at + 1, next = 4 * step, seen = 3 * step + LOOK + 1;
  if (text.len < at + seen) return true;  // one may be
  for (; at + next + seen <= text.len; at += 2 * next) {
    const char *from = text.ptr + at;
    if (look_at_four(from, step) | look_at_four(from + next, step)) return true;
  }
  if (at + seen <= text.len) {
    if (look_at_four(text.ptr + at, step)) return true;
    at += next;
  }
  return at + LOOK <= text.len && look_at_four(text.ptr + text.len - seen, step);
}

// The first marked place of those at `at`, at + step and so on. Beyond text.len - LOOK: there is none.
static size_t next_marked(Str text, size_t at, size_t step) {
  while (at + LOOK <= text.len &&
         !atomic_load_explicit(mark_of_three(text.ptr + at), memory_order_acquire))
    at += step;
  return at;
}

// Where the first secret may begin whose window of `len` bytes has the place `at`; NULL: nowhere.
static const char *beginning_near(Str text, size_t at, size_t len) {
  for (size_t from = at - (len - LOOK); from <= at && from + len <= text.len; from++) {
    if (is_front(text.ptr + from)) return text.ptr + from;
  }
  return NULL;
}

// Where the first secret may begin; NULL: nowhere. `len`: the window.
static const char *next_beginning(Str text, size_t len) {
  size_t step = len - LOOK + 1, at = len - LOOK;
  while ((at = next_marked(text, at, step)) + LOOK <= text.len) {
    const char *beginning = beginning_near(text, at, len);
    if (beginning) return beginning;
    at += step;
  }
  return NULL;
}

// With the lock.
static Found first_secret(Str text) {
  size_t len = window_now(), front = 0;
  if (!is_any_marked(text, len)) return (Found){ .len = 0 };
  for (const char *at; (at = next_beginning(str_sub(text, front, text.len), len)); front++) {
    front = (size_t)(at - text.ptr);
    size_t found = secret_len(str_sub(text, front, text.len));
    if (found) return (Found){ front, found, false };
  }
  return (Found){ .len = 0 };
}

static inline bool may_hold_secret(Str text) {
  size_t shortest = window_now();
  return shortest && text.len >= shortest;
}

// With the lock. `len` is 0 if there is nothing to hide.
static Found first_hidden(Str text, bool openids) {
  Found secret = may_hold_secret(text) ? first_secret(text) : (Found){ .len = 0 };
  Found openid = openids ? first_openid(text) : (Found){ .len = 0 };
  bool openid_first = openid.len && (secret.len == 0 || openid.at < secret.at ||
                                     (openid.at == secret.at && openid.len >= secret.len));
  return openid_first ? openid : secret;
}

static void add_openid(Buf *out, Str openid) {
  char room[OPENID_SHOWN_MAX];
  buf_add(out, secrets_show_openid(openid, room));
}

static void hide(Str text, Found found, bool openids, Buf *out) {
  for (; found.len > 0; found = first_hidden(text, openids)) {
    Str hidden = str_sub(text, found.at, found.len);
    buf_add(out, str_sub(text, 0, found.at));
    if (found.is_openid) add_openid(out, hidden);
    else secrets_mask(out, hidden);
    text = str_sub(text, found.at + found.len, text.len);
  }
  buf_add(out, text);
}

static bool hide_all(Str text, bool openids, Buf *out) {
  if (!may_hold_secret(text) && !(openids && text.len >= OPENID_LEN)) return false;
  pthread_rwlock_rdlock(&lock);
  Found found = first_hidden(text, openids);
  if (found.len > 0) hide(text, found, openids, out);
  pthread_rwlock_unlock(&lock);
  return found.len > 0;
}

bool secrets_hide(Str text, Buf *out) { return hide_all(text, openid_hash != NULL, out); }

bool secrets_mask_known(Str text, Buf *out) { return hide_all(text, false, out); }

// Without the lock: whether certainly no secret begins in the text.
static bool has_no_beginning(Str text) {
  unsigned before = atomic_load_explicit(&version, memory_order_acquire);
  size_t len = window_now();
  if (len == 0 || text.len < len) return (before & 1) == 0;
  bool none = !is_any_marked(text, len) || !next_beginning(text, len);
  return none && (before & 1) == 0 &&
         atomic_load_explicit(&version, memory_order_relaxed) == before;
}

static bool has_secret(Str text) {
  pthread_rwlock_rdlock(&lock);
  bool found = may_hold_secret(text) && first_secret(text).len > 0;
  pthread_rwlock_unlock(&lock);
  return found;
}

bool secrets_allow(Str text) {
  if (openid_hash && first_openid(text).len > 0) return false;
  return has_no_beginning(text) || !has_secret(text);
}
