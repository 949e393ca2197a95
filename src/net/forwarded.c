// Addresses are compared as IPv6, IPv4 in its mapped form.
#include "net/forwarded.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { V4_PREFIX_BITS = 96 };

static const uint8_t v4_prefix[12] = { [10] = 0xFF, [11] = 0xFF };

static bool is_separator(char c) { return c == ',' || c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_v4(const uint8_t address[16]) {
  return memcmp(address, v4_prefix, sizeof v4_prefix) == 0;
}

static bool read_address(Str text, uint8_t out[16]) {
  char copy[FORWARDED_TEXT_MAX];
  if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len)) return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  memcpy(out, v4_prefix, sizeof v4_prefix);
  return inet_pton(AF_INET, copy, out + sizeof v4_prefix) == 1 ||
         inet_pton(AF_INET6, copy, out) == 1;
}

static void write_address(const uint8_t address[16], char out[FORWARDED_TEXT_MAX]) {
  if (is_v4(address)) inet_ntop(AF_INET, address + sizeof v4_prefix, out, FORWARDED_TEXT_MAX);
  else inet_ntop(AF_INET6, address, out, FORWARDED_TEXT_MAX);
}

// ---- whom to trust ------------------------------------------------------------------------------

static bool read_block(Str text, AddressBlock *block) {
  Str address, digits;
  int64_t bits;
  bool has_bits = str_cut(text, '/', &address, &digits);
  if (!read_address(address, block->address)) return false;
  int shift = is_v4(block->address) && !memchr(address.ptr, ':', address.len) ? V4_PREFIX_BITS : 0;
  block->bits = 128;
  if (!has_bits) return true;
  if (!str_to_int64(digits, &bits) || bits < 0 || bits > 128 - shift || digits.ptr[0] == '-')
    return false;
  block->bits = (uint8_t)(bits + shift);
  return true;
}

static bool add_block(TrustedProxies *proxies, Str text, Err *err) {
  if (proxies->count == FORWARDED_BLOCKS_MAX)
    return err_set(err, ERR_USAGE, "it has more than %d entries: name blocks, such as 10.0.0.0/8",
                   FORWARDED_BLOCKS_MAX);
  if (read_block(text, &proxies->blocks[proxies->count])) {
    proxies->count++;
    return true;
  }
  return err_set(err, ERR_USAGE,
                 "'%.*s' is neither an address nor a block of addresses: write 127.0.0.1, ::1, "
                 "10.0.0.0/8 or fd00::/8",
                 (int)str_utf8_prefix(text, 60), text.ptr);
}

bool forwarded_trust(TrustedProxies *proxies, Str list, Err *err) {
  proxies->count = 0;
  for (size_t at = 0; at < list.len;) {
    size_t from = at;
    while (at < list.len && !is_separator(list.ptr[at])) at++;
    if (at > from && !add_block(proxies, str_sub(list, from, at - from), err)) return false;
    at++;
  }
  return true;
}

static bool is_in(const AddressBlock *block, const uint8_t address[16]) {
  size_t bytes = block->bits / 8;
  unsigned rest = block->bits % 8;
  if (memcmp(block->address, address, bytes) != 0) return false;
  return rest == 0 || (block->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

static bool is_trusted(const TrustedProxies *proxies, const uint8_t address[16]) {
  for (size_t i = 0; i < proxies->count; i++) {
    if (is_in(&proxies->blocks[i], address)) return true;
  }
  return false;
}

// ---- who is there -------------------------------------------------------------------------------

// "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80".
static bool read_entry(Str entry, uint8_t out[16]) {
  Str text = str_trim(entry), head, rest;
  if (text.len && text.ptr[0] == '[') {
    if (!str_cut(str_sub(text, 1, text.len), ']', &head, &rest)) return false;
    return read_address(head, out);
  }
  bool one_colon = str_cut(text, ':', &head, &rest) && !memchr(rest.ptr, ':', rest.len);
  return read_address(one_colon ? head : text, out);
}

// Takes the last entry of a list; false if it is empty.
static bool take_last(Str *list, Str *entry) {
  if (list->len == 0) return false;
  const char *comma = memrchr(list->ptr, ',', list->len);
  size_t before = comma ? (size_t)(comma - list->ptr) : 0;
  *entry = str_sub(*list, comma ? before + 1 : 0, list->len);
  *list = str_sub(*list, 0, before);
  return true;
}

// Walks one header from its end. False if the search has ended.
static bool walk(const TrustedProxies *proxies, Str list, uint8_t address[16]) {
  Str entry;
  while (take_last(&list, &entry)) {
    uint8_t next[16];
    if (!is_trusted(proxies, address) || !read_entry(entry, next)) return false;
    memcpy(address, next, sizeof next);
  }
  return true;
}

const char *forwarded_client(const TrustedProxies *proxies, const char *peer, const Pair *headers,
                             size_t header_count, char out[FORWARDED_TEXT_MAX]) {
  uint8_t address[16];
  if (!read_address(str_of(peer), address)) {
    snprintf(out, FORWARDED_TEXT_MAX, "%s", peer);
    return out;
  }
  bool going = true;
  for (size_t i = header_count; going && i > 0; i--) {
    if (str_eq_nocase(headers[i - 1].name, STR("X-Forwarded-For")))
      going = walk(proxies, headers[i - 1].value, address);
  }
  write_address(address, out);
  return out;
}
