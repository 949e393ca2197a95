// Lifetimes run on the monotonic clock; the stored form is JSON.
#include "api/cached_token.h"

#include "base/clock.h"
#include "base/secrets.h"
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

enum { MARGIN_S = 300 };  // how long before its expiry it is renewed

void cached_token_clear(CachedToken *held) {
  free(held->value);
  *held = (CachedToken){ 0 };
}

bool cached_token_set(CachedToken *held, Str value, int64_t expires_at, int64_t lifetime_s,
                      int64_t left_s) {
  char *copy = malloc(value.len + 1);
  if (!copy) return false;
  memcpy(copy, value.ptr, value.len);
  copy[value.len] = 0;
  cached_token_clear(held);
  secrets_add_passing(value);
  if (left_s > lifetime_s) left_s = lifetime_s;
  int64_t margin_s = lifetime_s > MARGIN_S ? MARGIN_S : 0, now = clock_now_us();
  *held = (CachedToken){ copy, expires_at, lifetime_s, now + (left_s - margin_s) * 1000000,
                         now + left_s * 1000000 };
  return true;
}

bool cached_token_is_fresh(const CachedToken *held) {
  return held->value && clock_now_us() < held->renew_us;
}

bool cached_token_is_alive(const CachedToken *held) {
  return held->value && clock_now_us() < held->end_us;
}

void cached_token_write(Buf *out, const CachedToken *held) {
  buf_add(out, STR("{\"value\":"));
  json_add_string(out, str_of(held->value));
  buf_printf(out, ",\"expires_at\":%lld,\"lifetime\":%lld}", (long long)held->expires_at,
             (long long)held->lifetime_s);
}

void cached_token_read(CachedToken *held, Str record, const char *refused) {
  JsonDoc *doc = json_parse(record, NULL);
  if (!doc) return;
  const Json *root = json_root(doc), *value = NULL, *expires = NULL, *lifetime = NULL;
  if (json_kind(root) == JSON_OBJECT) {
    value = json_get(root, STR("value"));
    expires = json_get(root, STR("expires_at"));
    lifetime = json_get(root, STR("lifetime"));
  }
  if (value && json_kind(value) == JSON_STRING && expires && json_kind(expires) == JSON_INT &&
      lifetime && json_kind(lifetime) == JSON_INT) {
    int64_t left = json_int(expires) - clock_unix_s();
    if (left > 0 && !(refused && str_eq(str_of(refused), json_string(value))))
      cached_token_set(held, json_string(value), json_int(expires), json_int(lifetime), left);
  }
  json_free(doc);
}
