// Who is at the other end when proxies stand between: X-Forwarded-For, as far as it can be believed.
#ifndef WEMOON_NET_FORWARDED_H
#define WEMOON_NET_FORWARDED_H

#include <stdint.h>

#include "base/err.h"
#include "base/pairs.h"

enum { FORWARDED_BLOCKS_MAX = 64, FORWARDED_TEXT_MAX = 46 };

// An IPv6 address and how many of its bits count; IPv4 as ::ffff:a.b.c.d.
typedef struct {
  uint8_t address[16];
  uint8_t bits;
} AddressBlock;

typedef struct {
  AddressBlock blocks[FORWARDED_BLOCKS_MAX];
  size_t count;
} TrustedProxies;

// Reads addresses and CIDR blocks, IPv4 and IPv6, with commas or white space between: "127.0.0.1, ::1,
// 10.0.0.0/8". Empty: nobody is trusted. ERR_USAGE names the one that is none.
bool forwarded_trust(TrustedProxies *proxies, Str list, Err *err);

// The address of the other side, as text in `out`. `peer` is where the connection comes from; while an
// address is one of a trusted proxy, the one that this proxy has added to X-Forwarded-For counts: the
// rightmost first, those of several headers together. A port behind an address is dropped; at what is no
// address the search ends. A `peer` that is no address is given as it is, cut to fit.
const char *forwarded_client(const TrustedProxies *proxies, const char *peer, const Pair *headers,
                             size_t header_count, char out[FORWARDED_TEXT_MAX]);

#endif
