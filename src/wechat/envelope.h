// The sealed form of messages and replies: AES-256-CBC over 16 random bytes, a length, the XML and the appid ("消息加解密说明").
// Both directions stand here: the bot opens messages and seals replies, `send` and the simulated platform do the reverse.
#ifndef WEMOON_WECHAT_ENVELOPE_H
#define WEMOON_WECHAT_ENVELOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"
#include "wechat/account.h"

// Decrypts the base64 text of <Encrypt> with `key` and appends the plain message to `out`. ERR_INVALID, `err` saying which:
// bad base64, a length that is no multiple of 16, bad padding (1 to 32), a length field that lies, another appid.
// Whether padding or length is wrong cannot be told from the time taken by who has no valid msg_signature: check that first.
bool envelope_open(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str sealed, Buf *out, Err *err);

// Encrypts `xml` and appends the base64 text for <Encrypt>.
bool envelope_seal(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str xml, Buf *out, Err *err);

// Seals `xml` and appends the whole reply document: Encrypt, MsgSignature, TimeStamp, Nonce.
bool envelope_seal_reply(Aes *aes, Digest *digest, const Credential *credential, Str appid, Str xml, int64_t timestamp,
                         Str nonce, Buf *out, Err *err);

// Appends the document that the platform posts: ToUserName and Encrypt (`compatible`: after the plain elements of `xml`).
bool envelope_wrap_message(Str to_user, Str sealed, Buf *out);

#endif
