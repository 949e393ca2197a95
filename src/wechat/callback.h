// The platform's side of a callback: what is posted, signed and sealed as the account has it, and how the
// answer is opened. `wemoon send` and the simulated platform are its users. Pure: timestamp and nonce are
// given.
#ifndef WEMOON_WECHAT_CALLBACK_H
#define WEMOON_WECHAT_CALLBACK_H

#include "codec/xml.h"
#include "wechat/envelope.h"

// What it works with; all of it is the caller's.
typedef struct {
  const Account *account;
  Aes *aes;
  Digest *digest;
  XmlParser *parser;
} Callback;

// Appends to `body` what is posted for the plain `document`: the document itself, or wrapped as the account's
// mode says; then `sealed` gets the text of Encrypt (in normal mode it stays empty). `to` is the addressee of
// a document that names none.
bool callback_seal(const Callback *callback, Str document, Str to, Buf *sealed, Buf *body,
                   Err *err);
// Appends to `url` the query that the platform puts there: signature, timestamp, nonce, openid and, where
// `sealed` is what callback_seal sealed, encrypt_type and msg_signature.
bool callback_sign(const Callback *callback, Str sealed, Str openid, Str timestamp, Str nonce,
                   Buf *url, Err *err);
// Whether an answer's body says that there is no reply: empty, or "success".
bool callback_reply_is_empty(Str body);
// Parses an answer's body into `tree`; a sealed one is verified and opened first, into `plain`, which else
// stays empty. A sealed nothing (silenceper seals an empty document for "no reply") leaves `tree` empty.
// ERR_FAILED where the platform would not take it: not well-formed, a wrong signature, a key
// that does not fit, not sealed in safe mode.
bool callback_open_reply(const Callback *callback, Str body, NodeTree *tree, Buf *plain, Err *err);

#endif
