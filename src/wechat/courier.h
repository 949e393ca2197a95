// The platform's side of a callback: what is posted, signed and sealed as the account has it, and how the
// answer is opened. `wemoon send` and the simulated platform are its users. Pure: timestamp and nonce are
// given.
#ifndef WEMOON_WECHAT_COURIER_H
#define WEMOON_WECHAT_COURIER_H

#include "codec/xml.h"
#include "wechat/envelope.h"

// What it works with; all of it is the caller's.
typedef struct {
  const Account *account;
  Aes *aes;
  Digest *digest;
  XmlParser *parser;
} Courier;

// Appends to `body` what is posted for the plain `document`: the document itself, or wrapped as the account's
// mode says; then `sealed` gets the text of Encrypt (in normal mode it stays empty). `to` is the addressee of
// a document that names none.
bool courier_wrap(const Courier *courier, Str document, Str to, Buf *sealed, Buf *body, Err *err);
// Appends to `url` the query that the platform puts there: signature, timestamp, nonce, openid and, where
// `sealed` is what courier_wrap sealed, encrypt_type and msg_signature.
bool courier_sign(const Courier *courier, Str sealed, Str openid, Str timestamp, Str nonce,
                  Buf *url, Err *err);
// Whether an answer's body says that there is no reply: empty, or "success".
bool courier_is_empty(Str body);
// Parses an answer's body into `tree`; a sealed one is verified and opened first, into `plain`, which else
// stays empty. ERR_FAILED where the platform would not take it: not well-formed, a wrong signature, a key
// that does not fit, not sealed in safe mode.
bool courier_open(const Courier *courier, Str body, NodeTree *tree, Buf *plain, Err *err);

#endif
