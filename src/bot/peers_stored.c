// What is stored under a message's identity: "R" and the claiming process, or "A", the time and the answer. And the
// pieces of a process's compact messages, under its claim and the piece's number.
#include "bot/peers_inner.h"

#include <inttypes.h>
#include <stdio.h>

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

Str peers_pieces_prefix(const Peers *peers, char text[STORE_KEY_MAX]) {
  if (peers->account.len + 64 > STORE_KEY_MAX) return str_make("", 0);
  char *at = str_put(text, STR("digests/"));
  at = str_put(at, peers->account);
  at = str_put(at, STR("/"));
  return str_make(text, (size_t)(at - text));
}

static Str own_pieces_prefix(const Peers *peers, char text[STORE_KEY_MAX]) {
  Str prefix = peers_pieces_prefix(peers, text);
  if (prefix.len == 0) return prefix;
  char *at = str_put(text + prefix.len, str_of(peers->claim));
  return str_make(text, (size_t)(at - text));
}

Str peers_piece_key(const Peers *peers, uint32_t number, char text[STORE_KEY_MAX]) {
  Str prefix = own_pieces_prefix(peers, text);
  if (prefix.len == 0) return prefix;
  int len = snprintf(text + prefix.len, STORE_KEY_MAX - prefix.len, "/%08" PRIx32, number);
  return str_make(text, prefix.len + (size_t)len);
}

bool peers_is_own_piece(const Peers *peers, Str key) {
  char text[STORE_KEY_MAX];
  Str prefix = own_pieces_prefix(peers, text);
  return prefix.len > 0 && str_starts(key, prefix);
}

bool peers_put_piece(Peers *peers, Str key, Str piece, int64_t left_ms, StoreDone done, void *ctx) {
  StoreCall call = {
    .op = STORE_SET, .key = key, .value = piece, .ttl_ms = left_ms, .keep_ms = left_ms
  };
  return store_call(peers->store, &call, done, ctx, NULL);
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
