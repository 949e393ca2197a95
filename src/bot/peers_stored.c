// What is stored under a message's identity: "R" and the claiming process, or "A", the time and the answer.
#include "bot/peers_inner.h"

Str peers_key(const Peers *peers, Str identity, char text[STORE_KEY_MAX]) {
  if (identity.len + peers->account.len + 8 > STORE_KEY_MAX) return str_make("", 0);
  char *at = str_put(text, STR("answer/"));
  at = str_put(at, peers->account);
  at = str_put(at, STR("/"));
  at = str_put(at, identity);
  return str_make(text, (size_t)(at - text));
}

bool peers_put_answer(Peers *peers, Str key, int64_t answered_s, Str packed, int64_t left_ms,
                      StoreDone done, void *ctx) {
  Buf value;
  buf_init(&value);
  buf_addc(&value, 'A');
  buf_add_int(&value, answered_s);
  buf_addc(&value, ':');
  buf_add(&value, packed);
  StoreCall call = {
    .op = STORE_SET, .key = key, .value = buf_str(&value), .ttl_ms = left_ms, .keep_ms = left_ms
  };
  bool ok = !value.failed && store_call(peers->store, &call, done, ctx, NULL);
  buf_clear(&value);
  return ok;
}

PeersFound peers_read_value(const Peers *peers, Str value, Buf *answer, int64_t *answered_s) {
  Str seconds, packed;
  if (!str_starts(value, STR("A")))
    return str_eq(value, str_of(peers->claim)) ? FOUND_OWN : FOUND_CLAIM;
  if (!str_cut(str_sub(value, 1, value.len), ':', &seconds, &packed) ||
      !str_to_int64(seconds, answered_s))
    return FOUND_CLAIM;
  buf_add(answer, packed);
  return answer->failed ? FOUND_CLAIM : FOUND_ANSWER;
}
