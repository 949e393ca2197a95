// Sorts, joins and digests, as the platform signs.
#include "wechat/signature.h"

enum { PARTS_MAX = 4 };

// Sorts in byte order, as the platform does.
static void sort(Str *parts, size_t count) {
  for (size_t i = 1; i < count; i++) {
    Str part = parts[i];
    size_t at = i;
    for (; at > 0 && str_compare(part, parts[at - 1]) < 0; at--) parts[at] = parts[at - 1];
    parts[at] = part;
  }
}

bool signature_make(Digest *digest, Str token, Str timestamp, Str nonce, const Str *sealed,
                    char hex[SHA1_HEX_LEN + 1]) {
  Str parts[PARTS_MAX] = { token, timestamp, nonce };
  size_t count = 3;
  if (sealed) parts[count++] = *sealed;
  sort(parts, count);
  return digest_sha1(digest, parts, count, hex);
}

bool signature_check(Digest *digest, Str signature, Str token, Str timestamp, Str nonce,
                     const Str *sealed) {
  char hex[SHA1_HEX_LEN + 1];
  if (signature.len != SHA1_HEX_LEN || token.len == 0) return false;
  return signature_make(digest, token, timestamp, nonce, sealed, hex) &&
         digest_equal(signature, str_make(hex, SHA1_HEX_LEN));
}

bool signature_jsapi(Digest *digest, Str ticket, Str noncestr, Str timestamp, Str url,
                     char hex[SHA1_HEX_LEN + 1]) {
  Str page, fragment;
  str_cut(url, '#', &page, &fragment);
  Str parts[] = { STR("jsapi_ticket="), ticket,    STR("&noncestr="), noncestr,
                  STR("&timestamp="),   timestamp, STR("&url="),      page };
  return digest_sha1(digest, parts, sizeof parts / sizeof *parts, hex);
}
