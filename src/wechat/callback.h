// The platform's side of a callback: signs and seals the request as the account asks, and opens the answer. For `wemoon
// send` and the simulated platform. The caller gives timestamp and nonce.
#ifndef WEMOON_WECHAT_CALLBACK_H
#define WEMOON_WECHAT_CALLBACK_H

#include "codec/xml.h"
#include "wechat/envelope.h"

// Everything here is the caller's.
typedef struct {
  const Account *account;
  Aes *aes;
  Digest *digest;
  XmlParser *parser;
} Callback;

// Appends the body to post for the plain `document`: the document itself, or its wrapped form in the account's mode, in
// which case `sealed` gets the text of Encrypt. `to` is the addressee if the document names none.
bool callback_seal(const Callback *callback, Str document, Str to, Buf *sealed, Buf *body,
                   Err *err);
// Appends the platform's query to `url`: signature, timestamp, nonce, openid and, if callback_seal filled `sealed`,
// encrypt_type and msg_signature.
bool callback_sign(const Callback *callback, Str sealed, Str openid, Str timestamp, Str nonce,
                   Buf *url, Err *err);
// Whether an answer's body says that there is no reply: empty, or "success".
bool callback_reply_is_empty(Str body);
// Parses an answer's body into `tree`. A sealed answer is verified and opened into `plain` first, which otherwise stays
// empty. A sealed empty document (silenceper/wechat sends one for "no reply") leaves `tree` empty. ERR_FAILED if the
// platform would refuse it: not well-formed, a wrong signature, the wrong key, not sealed in safe mode.
bool callback_open_reply(const Callback *callback, Str body, NodeTree *tree, Buf *plain, Err *err);

#endif
