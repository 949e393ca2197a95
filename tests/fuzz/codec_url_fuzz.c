// Any bytes as a query, as an address and as Base64: what is taken apart can be put together again.
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/url.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void check_query(Str text) {
  Arena *arena = arena_new();
  Pairs pairs, again;
  Buf query;
  buf_init(&query);
  must(url_parse_query(text, arena, &pairs) && pairs.count <= 64);
  for (const Pair *pair = pairs.first; pair; pair = pair->next)
    url_add_param(&query, pair->name, pair->value);
  must(url_parse_query(str_sub(buf_str(&query), 1, query.len), arena, &again) &&
       again.count == pairs.count);
  const Pair *b = again.first;
  for (const Pair *a = pairs.first; a; a = a->next, b = b->next)
    must(str_eq(a->name, b->name) && str_eq(a->value, b->value));
  buf_clear(&query);
  arena_free(arena);
}

static void check_address(Str text) {
  Url url;
  Err err = { 0 };
  if (!url_split(text, &url, &err)) {
    must(err.code == ERR_INVALID && err.text[0]);
    return;
  }
  must(url.scheme.len && url.host.len && url.port >= -1 && url.port <= 65535);
  Str parts[] = { url.scheme, url.userinfo, url.host, url.path, url.query };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    must(parts[i].len == 0 ||
         (parts[i].ptr >= text.ptr && parts[i].ptr + parts[i].len <= text.ptr + text.len));
  }
}

static void check_base64(Str text) {
  Buf bytes, back;
  buf_init(&bytes);
  buf_init(&back);
  if (base64_decode(&bytes, text, false)) {
    base64_encode(&back, buf_str(&bytes));
    must(str_eq(buf_str(&back), text));
  }
  buf_clear(&bytes);
  buf_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str text = str_make((const char *)data, size);
  check_query(text);
  check_address(text);
  check_base64(text);
  return 0;
}
