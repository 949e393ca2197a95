// The client's address behind proxies: X-Forwarded-For, as far as it can be trusted.
#ifndef WEMOON_NET_FORWARDED_H
#define WEMOON_NET_FORWARDED_H

#include <stdint.h>

#include "base/err.h"
#include "base/pairs.h"

enum { FORWARDED_BLOCKS_MAX = 64, FORWARDED_TEXT_MAX = 46 };

// An IPv6 address and the length of its prefix in bits; IPv4 as ::ffff:a.b.c.d.
typedef struct {
  uint8_t address[16];
  uint8_t bits;
} AddressBlock;

typedef struct {
  AddressBlock blocks[FORWARDED_BLOCKS_MAX];
  size_t count;
} TrustedProxies;

// Parses addresses and CIDR blocks, IPv4 and IPv6, separated by commas or white space: "127.0.0.1, ::1, 10.0.0.0/8".
// Empty: no proxy is trusted. ERR_USAGE names the invalid entry.
bool forwarded_trust(TrustedProxies *proxies, Str list, Err *err);

// Writes the client's address to `out`. It begins with `peer`, the connection's own address; as long as the address is
// a trusted proxy, the next one of X-Forwarded-For counts, from the right, all such headers together. A port behind an
// address is dropped; the search ends at an invalid address. A `peer` that is no address is copied, cut to fit.
const char *forwarded_client(const TrustedProxies *proxies, const char *peer, const Pair *headers,
                             size_t header_count, char out[FORWARDED_TEXT_MAX]);

#endif
