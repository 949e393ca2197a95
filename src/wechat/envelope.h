// The sealed form of messages and replies: AES-256-CBC over 16 random bytes, a length, the XML and the appid
// ("消息加解密说明"). Both directions stand here: the bot opens messages and seals replies, `send` and the
// simulated platform do the reverse.
#ifndef WEMOON_WECHAT_ENVELOPE_H
#define WEMOON_WECHAT_ENVELOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"
#include "wechat/account.h"

// The base64 text of <Encrypt> without the white space of wrapped lines: `sealed` itself if it has none, else
// what was appended to `scratch` (look at its `failed`).
Str envelope_unwrap(Buf *scratch, Str sealed);

// Decrypts the base64 text of <Encrypt>, in lines or in one piece, with `key` and appends the plain message to `out`, which stays as it
// was on failure. ERR_INVALID, `err` saying which: bad base64, a length that is no multiple of 16, bad
// padding (1 to 32 bytes that all say how many they are), a length field that lies, another appid (compared
// to the byte). Padding that is told from a lying length is an oracle to an attacker who may ask again and again:
// check msg_signature first, which they cannot make.
bool envelope_open(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str sealed, Buf *out,
                   Err *err);

// Encrypts `xml` (not a slice of `out`) and appends the base64 text for <Encrypt>.
bool envelope_seal(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str xml, Buf *out,
                   Err *err);

// Seals `xml` (not a slice of `out`) and appends the whole reply document: Encrypt, MsgSignature, TimeStamp,
// Nonce.
bool envelope_seal_reply(Aes *aes, Digest *digest, const Credential *credential, Str appid, Str xml,
                         int64_t timestamp, Str nonce, Buf *out, Err *err);

// Appends the document that the platform posts in safe mode: ToUserName and Encrypt. `sealed` comes from
// envelope_seal.
void envelope_wrap_message(Str to_user, Str sealed, Buf *out);
// Appends the document that it posts in compatible mode: the elements of `document` as they are, then
// Encrypt. ERR_INVALID, and nothing appended, when `document` does not end with </xml>.
bool envelope_wrap_both(Str document, Str sealed, Buf *out, Err *err);

#endif
