// Any bytes as the URL of a store: every part is a slice of it, and no message repeats what stood in it.
#include <stdlib.h>

#include "store/redis_url.h"
#include "store/store.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void within(Str part, Str whole) {
  must(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_parts(Str url, const RedisUrl *parts) {
  Str hosts = parts->hosts, host;
  int port = 6379, count = 0;
  within(parts->user, url);
  within(parts->password, url);
  within(parts->hosts, url);
  within(parts->path, url);
  within(parts->master, url);
  must(parts->db >= 0 && parts->db <= REDIS_DB_MAX);
  must(parts->user.len == 0 || parts->password.len > 0);
  for (; redis_url_next_host(&hosts, &host, &port); count++)
    must(host.len > 0 && port > 0 && port < 65536);
  must(hosts.len == 0 && (count > 0) == (parts->kind != REDIS_SOCKET));
}

static void check_decoding(Str text) {
  char *out = malloc(text.len + 1);
  size_t len = redis_url_decode(text, out);
  must(out && len <= text.len && out[len] == '\0');
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str url = str_make((const char *)data, size);
  RedisUrl parts;
  Err err = { 0 };
  if (redis_url_parse(url, &parts, &err)) check_parts(url, &parts);
  else must(err.code == ERR_USAGE && err.text[0]);
  bool taken = store_url_check(url, &err);
  must(taken || err.code == ERR_USAGE);
  check_decoding(url);
  return 0;
}
