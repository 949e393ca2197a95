// Lifetimes on the monotonic clock, records in JSON.
#include "api/held.h"

#include "base/clock.h"
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

enum { MARGIN_S = 300 };  // before its end it is renewed

void held_clear(Held *held) {
  free(held->value);
  *held = (Held){ 0 };
}

bool held_set(Held *held, Str value, int64_t expires_at, int64_t lifetime_s, int64_t left_s) {
  char *copy = malloc(value.len + 1);
  if (!copy) return false;
  memcpy(copy, value.ptr, value.len);
  copy[value.len] = 0;
  held_clear(held);
  if (left_s > lifetime_s) left_s = lifetime_s;
  int64_t margin_s = lifetime_s > MARGIN_S ? MARGIN_S : 0, now = clock_now_us();
  *held = (Held){ copy, expires_at, lifetime_s, now + (left_s - margin_s) * 1000000,
                  now + left_s * 1000000 };
  return true;
}

bool held_is_fresh(const Held *held) { return held->value && clock_now_us() < held->renew_us; }

bool held_is_alive(const Held *held) { return held->value && clock_now_us() < held->end_us; }

void held_write(Buf *out, const Held *held) {
  buf_add(out, STR("{\"value\":"));
  json_add_string(out, str_of(held->value));
  buf_printf(out, ",\"expires_at\":%lld,\"lifetime\":%lld}", (long long)held->expires_at,
             (long long)held->lifetime_s);
}

void held_read(Held *held, Str record, const char *refused) {
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
      held_set(held, json_string(value), json_int(expires), json_int(lifetime), left);
  }
  json_free(doc);
}
