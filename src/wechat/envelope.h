// The encrypted form of messages and replies: AES-256-CBC over 16 random bytes, a length, the XML and the appid
// ("消息加解密说明"), in both directions: the bot opens messages and seals replies, `send` and the simulated platform do
// the reverse.
#ifndef WEMOON_WECHAT_ENVELOPE_H
#define WEMOON_WECHAT_ENVELOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"
#include "wechat/account.h"

// The base64 text of <Encrypt> without white space: `sealed` itself if it has none, else a copy that is appended to
// `scratch` (check its `failed`).
Str envelope_unwrap(Buf *scratch, Str sealed);

// Decrypts the base64 text of <Encrypt>, wrapped or not, and appends the plain message to `out`, which is unchanged on
// failure. ERR_INVALID, and `err` says which: bad base64, a length that is not a multiple of 16, bad padding (1 to 32
// bytes, each its own count), a wrong length field, another appid (compared byte by byte). An attacker who can tell bad
// padding from a wrong length has an oracle: check msg_signature first, which they cannot forge.
bool envelope_open(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str sealed, Buf *out,
                   Err *err);

// Encrypts `xml` (not a slice of `out`) and appends the base64 text for <Encrypt>.
bool envelope_seal(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str xml, Buf *out,
                   Err *err);

// Encrypts `xml` (not a slice of `out`) and appends the whole reply document: Encrypt, MsgSignature, TimeStamp, Nonce.
bool envelope_seal_reply(Aes *aes, Digest *digest, const Credential *credential, Str appid, Str xml,
                         int64_t timestamp, Str nonce, Buf *out, Err *err);

// Appends the document that the platform posts in safe mode: ToUserName and Encrypt.
void envelope_wrap_message(Str to_user, Str sealed, Buf *out);
// Appends the document that it posts in compatible mode: the elements of `document`, then Encrypt. ERR_INVALID, with
// nothing appended, if `document` does not end with </xml>.
bool envelope_wrap_both(Str document, Str sealed, Buf *out, Err *err);

#endif
