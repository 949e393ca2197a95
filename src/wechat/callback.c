// Makes callbacks and reads answers as the platform does.
#include "wechat/callback.h"

#include "codec/url.h"
#include "wechat/message.h"
#include "wechat/signature.h"

// ---- what is posted -----------------------------------------------------------------------------

// The document's own addressee stands outside the envelope; one without (something broken on purpose) has
// `to`.
static void add_wrapper(const Callback *callback, Str document, Str to, Str sealed, Buf *body) {
  NodeTree tree;
  nodes_init(&tree);
  MessageHead head = { .to_user = to };
  if (!message_parse(callback->parser, document, &tree, &head, NULL) || head.to_user.len == 0)
    head.to_user = to;
  envelope_wrap_message(head.to_user, sealed, body);
  nodes_clear(&tree);
}

bool callback_seal(const Callback *callback, Str document, Str to, Buf *sealed, Buf *body,
                   Err *err) {
  const Account *account = callback->account;
  if (account->mode == MODE_NORMAL) {
    buf_add(body, document);
  } else {
    const Credential *credential = &account->credentials[0];
    if (!envelope_seal(callback->aes, credential->key, account->appid, document, sealed, err))
      return false;
    bool both = account->mode == MODE_COMPATIBLE &&
                envelope_wrap_both(document, buf_str(sealed), body, NULL);
    if (!both) add_wrapper(callback, document, to, buf_str(sealed), body);
  }
  return body->failed ? err_set(err, ERR_MEMORY, "no memory") : true;
}

bool callback_sign(const Callback *callback, Str sealed, Str openid, Str timestamp, Str nonce,
                   Buf *url, Err *err) {
  Str token = callback->account->credentials[0].token;
  char signature[SHA1_HEX_LEN + 1], msg_signature[SHA1_HEX_LEN + 1] = "";
  bool seals = sealed.len > 0;
  if (!signature_make(callback->digest, token, timestamp, nonce, NULL, signature) ||
      (seals &&
       !signature_make(callback->digest, token, timestamp, nonce, &sealed, msg_signature))) {
    return err_set(err, ERR_FAILED, "the message could not be signed");
  }
  url_add_param(url, STR("signature"), str_of(signature));
  url_add_param(url, STR("timestamp"), timestamp);
  url_add_param(url, STR("nonce"), nonce);
  url_add_param(url, STR("openid"), openid);
  if (seals) {
    url_add_param(url, STR("encrypt_type"), STR("aes"));
    url_add_param(url, STR("msg_signature"), str_of(msg_signature));
  }
  return url->failed ? err_set(err, ERR_MEMORY, "no memory") : true;
}

// ---- what comes back ----------------------------------------------------------------------------

static const Credential *signer(const Callback *callback, const NodeTree *tree, Str sealed) {
  Str signature = STR(""), timestamp = STR(""), nonce = STR("");
  node_child_text(tree, 0, STR("MsgSignature"), &signature);
  node_child_text(tree, 0, STR("TimeStamp"), &timestamp);
  node_child_text(tree, 0, STR("Nonce"), &nonce);
  for (size_t i = 0; i < callback->account->credential_count; i++) {
    const Credential *credential = &callback->account->credentials[i];
    bool fits =
        signature_check(callback->digest, signature, credential->token, timestamp, nonce, &sealed);
    if (credential->has_key && fits) return credential;
  }
  return NULL;
}

// Replaces the envelope in `tree` by the reply that it contains.
static bool open_sealed(const Callback *callback, NodeTree *tree, Str sealed, Buf *plain,
                        Err *err) {
  if (callback->account->mode == MODE_NORMAL) {
    return err_set(
        err, ERR_FAILED,
        "the reply is encrypted, and encrypt_mode is normal here: give it the bot's configuration");
  }
  const Credential *credential = signer(callback, tree, sealed);
  if (!credential)
    return err_set(err, ERR_FAILED,
                   "the reply's MsgSignature is wrong: are token and encoding_aes_key the bot's?");
  bool open =
      envelope_open(callback->aes, credential->key, callback->account->appid, sealed, plain, err);
  if (open && callback_reply_is_empty(buf_str(plain))) {
    nodes_reset(tree);
    return true;
  }
  if (!open || !xml_parse(callback->parser, buf_str(plain), tree, err)) {
    err_wrap(err, "the reply cannot be opened");
    err->code = ERR_FAILED;
    return false;
  }
  return true;
}

bool callback_reply_is_empty(Str body) { return body.len == 0 || str_eq(body, STR("success")); }

bool callback_open_reply(const Callback *callback, Str body, NodeTree *tree, Buf *plain, Err *err) {
  if (!xml_parse(callback->parser, body, tree, err)) {
    err_wrap(err, "the answer is not a reply that the platform would accept");
    err->code = ERR_FAILED;
    return false;
  }
  Str sealed;
  if (node_child_text(tree, 0, STR("Encrypt"), &sealed))
    return open_sealed(callback, tree, sealed, plain, err);
  if (callback->account->mode != MODE_SAFE) return true;
  return err_set(
      err, ERR_FAILED,
      "the reply is not encrypted, and encrypt_mode is safe: the platform would not accept it");
}
