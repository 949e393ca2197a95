#include "bot/desk_login.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "codec/digest.h"

enum {
  ADDRESSES = 256,
  WRONG_FROM_ONE = 5,
  WRONG_FROM_ALL = 60,
  WINDOW_MS = 60 * 1000,
  ADDRESS_MAX = 48,
  KEY_LEN = 32
};

typedef struct {
  char digest[SHA256_HEX_LEN + 1];  // of the session's token; empty: no session
  int64_t until_ms;
} DeskSession;

typedef struct {
  char address[ADDRESS_MAX];
  int wrong;
  int64_t since_ms;
} Tries;

struct DeskLogin {
  Str password;
  char key[KEY_LEN];  // random key of the digests that are compared, all of one length
  pthread_mutex_t mutex;
  // With the mutex:
  Digest *digest;
  DeskSession sessions[DESK_SESSIONS_MAX];
  Tries tries[ADDRESSES], all;
};

DeskLogin *desk_login_new(Str password) {
  DeskLogin *login = calloc(1, sizeof *login);
  if (!login) return NULL;
  login->password = password;
  login->digest = digest_new();
  mutex_init_brief(&login->mutex);
  if (login->digest && digest_random(login->key, KEY_LEN)) return login;
  desk_login_free(login);
  return NULL;
}

void desk_login_free(DeskLogin *login) {
  if (!login) return;
  pthread_mutex_destroy(&login->mutex);
  digest_free(login->digest);
  free(login);
}

// With the mutex.
static bool digest_of(DeskLogin *login, Str text, char hex[SHA256_HEX_LEN + 1]) {
  return digest_hmac_sha256(login->digest, str_make(login->key, KEY_LEN), text, hex);
}

// ---- tries --------------------------------------------------------------------------------------

static bool is_over(const Tries *tries, int64_t now_ms) {
  return now_ms - tries->since_ms >= WINDOW_MS;
}

// Returns the entry of `address`; a new address replaces the entry whose window began first.
static Tries *tries_of(DeskLogin *login, Str address, int64_t now_ms) {
  Tries *oldest = &login->tries[0];
  address = str_sub(address, 0, ADDRESS_MAX - 1);
  for (int i = 0; i < ADDRESSES; i++) {
    Tries *tries = &login->tries[i];
    if (str_eq(str_of(tries->address), address)) return tries;
    if (tries->since_ms < oldest->since_ms) oldest = tries;
  }
  *oldest = (Tries){ .since_ms = now_ms };
  memcpy(oldest->address, address.ptr, address.len);
  return oldest;
}

static bool may_try(Tries *tries, int most, int64_t now_ms) {
  if (is_over(tries, now_ms)) {
    tries->wrong = 0;
    tries->since_ms = now_ms;
  }
  return tries->wrong < most;
}

// ---- sessions -----------------------------------------------------------------------------------

static bool make_token(char token[DESK_TOKEN_LEN + 1]) {
  unsigned char bytes[DESK_TOKEN_LEN / 2];
  if (!digest_random(bytes, sizeof bytes)) return false;
  for (size_t i = 0; i < sizeof bytes; i++) snprintf(token + 2 * i, 3, "%02x", bytes[i]);
  return true;
}

static bool begin_session(DeskLogin *login, char token[DESK_TOKEN_LEN + 1], int64_t now_ms) {
  DeskSession *place = &login->sessions[0];
  for (int i = 1; i < DESK_SESSIONS_MAX; i++) {
    if (login->sessions[i].until_ms < place->until_ms) place = &login->sessions[i];
  }
  place->until_ms = now_ms + DESK_SESSION_S * 1000LL;
  return make_token(token) && digest_of(login, str_of(token), place->digest);
}

// Returns the session's token from the cookies; empty if there is none.
static Str token_in(Str cookies) {
  Str name, value, one;
  while (cookies.len > 0) {
    str_cut(cookies, ';', &one, &cookies);
    str_cut(str_trim(one), '=', &name, &value);
    if (str_eq(name, STR(DESK_COOKIE)) && value.len == DESK_TOKEN_LEN) return value;
  }
  return STR("");
}

// Returns the valid session of the cookies, or NULL. With the mutex held.
static DeskSession *find(DeskLogin *login, Str cookies, int64_t now_ms) {
  char hex[SHA256_HEX_LEN + 1];
  Str token = token_in(cookies);
  DeskSession *found = NULL;
  if (token.len == 0 || !digest_of(login, token, hex)) return NULL;
  for (int i = 0; i < DESK_SESSIONS_MAX; i++) {
    DeskSession *session = &login->sessions[i];
    if (session->until_ms > now_ms && digest_equal(str_of(session->digest), str_of(hex)))
      found = session;
  }
  return found;
}

// ---- public functions ---------------------------------------------------------------------------

static bool is_right(DeskLogin *login, Str password) {
  char given[SHA256_HEX_LEN + 1], wanted[SHA256_HEX_LEN + 1];
  return digest_of(login, password, given) && digest_of(login, login->password, wanted) &&
         digest_equal(str_of(given), str_of(wanted));
}

DeskLoginResult desk_login_try(DeskLogin *login, Str password, Str address,
                               char token[DESK_TOKEN_LEN + 1]) {
  int64_t now_ms = clock_now_ms();
  DeskLoginResult result = DESK_LOGIN_TOO_OFTEN;
  pthread_mutex_lock(&login->mutex);
  Tries *tries = tries_of(login, address, now_ms);
  if (may_try(tries, WRONG_FROM_ONE, now_ms) && may_try(&login->all, WRONG_FROM_ALL, now_ms)) {
    result = is_right(login, password) && begin_session(login, token, now_ms) ? DESK_LOGIN_RIGHT
                                                                              : DESK_LOGIN_WRONG;
    if (result == DESK_LOGIN_WRONG) {
      tries->wrong++;
      login->all.wrong++;
    }
  }
  pthread_mutex_unlock(&login->mutex);
  return result;
}

bool desk_login_knows(DeskLogin *login, Str cookies) {
  int64_t now_ms = clock_now_ms();
  pthread_mutex_lock(&login->mutex);
  DeskSession *session = find(login, cookies, now_ms);
  if (session) session->until_ms = now_ms + DESK_SESSION_S * 1000LL;
  pthread_mutex_unlock(&login->mutex);
  return session != NULL;
}

void desk_login_end(DeskLogin *login, Str cookies) {
  pthread_mutex_lock(&login->mutex);
  DeskSession *session = find(login, cookies, clock_now_ms());
  if (session) *session = (DeskSession){ .until_ms = 0 };
  pthread_mutex_unlock(&login->mutex);
}
