// The platform's SHA-1 signatures: sort the strings, join them, digest.
// Follows "接入指南" (callback), "消息加解密说明" (msg_signature) and "JS-SDK使用权限签名算法" (JS-SDK).
#ifndef WEMOON_WECHAT_SIGNATURE_H
#define WEMOON_WECHAT_SIGNATURE_H

#include "codec/digest.h"

// Signs token, timestamp and nonce; if `sealed` (the text of <Encrypt>) is not NULL, makes the msg_signature. Hex,
// NUL-terminated.
bool signature_make(Digest *digest, Str token, Str timestamp, Str nonce, const Str *sealed,
                    char hex[SHA1_HEX_LEN + 1]);
// Whether `signature` (lower-case hex, 40 characters) is right; constant time. With an empty token nothing verifies,
// because then anyone could sign.
bool signature_check(Digest *digest, Str signature, Str token, Str timestamp, Str nonce,
                     const Str *sealed);
// Signs jsapi_ticket, noncestr, timestamp and url (up to its '#') for the JS-SDK.
bool signature_jsapi(Digest *digest, Str ticket, Str noncestr, Str timestamp, Str url,
                     char hex[SHA1_HEX_LEN + 1]);

#endif
