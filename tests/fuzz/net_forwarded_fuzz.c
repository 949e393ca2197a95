// Lists of proxies, and what X-Forwarded-For says: whatever comes, the client is an address, and who trusts nobody
// hears of nobody else than the peer.
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

#include "net/forwarded.h"

static void must(bool condition) {
  if (!condition) abort();
}

static bool is_address(const char *text) {
  uint8_t bytes[16];
  return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The list, a zero byte, and the header.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TrustedProxies proxies, nobody = { .count = 0 };
  Err err;
  Str list, header;
  char client[FORWARDED_TEXT_MAX], again[FORWARDED_TEXT_MAX];
  str_cut(str_make((const char *)data, size), '\0', &list, &header);
  if (!forwarded_trust(&proxies, list, &err)) proxies.count = 0;
  must(proxies.count <= FORWARDED_BLOCKS_MAX);
  Pair headers[] = { { .name = STR("X-Forwarded-For"), .value = header } };
  must(is_address(forwarded_client(&proxies, "127.0.0.1", headers, 1, client)));
  must(is_address(forwarded_client(&proxies, "::1", headers, 1, again)));
  must(str_eq(str_of(forwarded_client(&nobody, "127.0.0.1", headers, 1, again)), STR("127.0.0.1")));
  // Who is named once and asks again by the same header without itself is the same.
  must(str_eq(str_of(forwarded_client(&proxies, client, NULL, 0, again)), str_of(client)));
  return 0;
}
