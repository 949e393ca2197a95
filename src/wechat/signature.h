// The platform's SHA-1 signatures: sort the strings, join them, digest.
// Follows "接入指南" (callback), "消息加解密说明" (msg_signature) and "JS-SDK使用权限签名算法" (JS-SDK).
#ifndef WEMOON_WECHAT_SIGNATURE_H
#define WEMOON_WECHAT_SIGNATURE_H

#include "codec/digest.h"

// Of token, timestamp and nonce; with `sealed` (the text of <Encrypt>) not NULL, the msg_signature. Hex,
// NUL-terminated.
bool signature_make(Digest *digest, Str token, Str timestamp, Str nonce, const Str *sealed,
                    char hex[SHA1_HEX_LEN + 1]);
// Whether `signature` is that of the others: lower-case hex of exactly 40 characters, compared in constant
// time. With an empty token nothing verifies, since anybody could sign with it.
bool signature_check(Digest *digest, Str signature, Str token, Str timestamp, Str nonce,
                     const Str *sealed);
// The JS-SDK's: of jsapi_ticket, noncestr, timestamp and url without its '#' part.
bool signature_jsapi(Digest *digest, Str ticket, Str noncestr, Str timestamp, Str url,
                     char hex[SHA1_HEX_LEN + 1]);

#endif
