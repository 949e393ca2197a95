// The checks run in the reverse order of the platform's protocol: nothing is parsed before its signature is checked,
// and nothing is decrypted before the signature over the sealed text is checked.
#include "bot/verify.h"

#include "wechat/envelope.h"
#include "wechat/signature.h"

// The number of occurrences of a parameter in the query, and its first value.
typedef struct {
  size_t count;
  Str value;
} Claim;

typedef struct {
  Claim signature, timestamp, nonce, msg_signature, encrypt_type;
} Claims;

static Claim *claim_of(Claims *claims, Str name) {
  if (str_eq(name, STR("signature"))) return &claims->signature;
  if (str_eq(name, STR("timestamp"))) return &claims->timestamp;
  if (str_eq(name, STR("nonce"))) return &claims->nonce;
  if (str_eq(name, STR("msg_signature"))) return &claims->msg_signature;
  if (str_eq(name, STR("encrypt_type"))) return &claims->encrypt_type;
  return NULL;
}

static bool stands_once(const Claim *claim, const char *name, Err *err) {
  if (claim->count == 1) return true;
  return err_set(err, ERR_FORBIDDEN, "%s is %s", name,
                 claim->count ? "given more than once" : "missing");
}

static bool take_claims(const Pairs *query, Claims *claims, Err *err) {
  *claims = (Claims){ 0 };
  for (const Pair *pair = query->first; pair; pair = pair->next) {
    Claim *claim = claim_of(claims, pair->name);
    if (claim && claim->count++ == 0) claim->value = pair->value;
  }
  return stands_once(&claims->signature, "signature", err) &&
         stands_once(&claims->timestamp, "timestamp", err) &&
         stands_once(&claims->nonce, "nonce", err) &&
         (claims->msg_signature.count == 0 ||
          stands_once(&claims->msg_signature, "msg_signature", err));
}

static bool is_aes(const Claims *claims) {
  return claims->encrypt_type.count > 0 && str_eq(claims->encrypt_type.value, STR("aes"));
}

static bool check_window(Str timestamp, int64_t window_s, int64_t now_s, Err *err) {
  if (window_s == 0) return true;
  int64_t sent;
  if (!str_to_int64(timestamp, &sent) || sent < 0)
    return err_set(err, ERR_FORBIDDEN, "timestamp is not a number");
  int64_t off = sent > now_s ? sent - now_s : now_s - sent;
  if (off <= window_s) return true;
  return err_set(err, ERR_FORBIDDEN,
                 "timestamp differs by %lld s from this machine's clock, more than replay_window_s "
                 "(%lld): is the clock right?",
                 (long long)off, (long long)window_s);
}

static bool is_signed_by(Digest *digest, Str token, const Claims *claims) {
  return signature_check(digest, claims->signature.value, token, claims->timestamp.value,
                         claims->nonce.value, NULL);
}

// Returns whether the token of `credential` signed the claims and the sealed text. That of `signer` signed the claims.
static bool is_sealed_by(Digest *digest, const Credential *credential, const Credential *signer,
                         const Claims *claims, const Str *sealed) {
  return (credential == signer || is_signed_by(digest, credential->token, claims)) &&
         signature_check(digest, claims->msg_signature.value, credential->token,
                         claims->timestamp.value, claims->nonce.value, sealed);
}

static const Credential *find_signer(const Account *account, Digest *digest, const Claims *claims) {
  for (size_t i = 0; i < account->credential_count; i++) {
    if (is_signed_by(digest, account->credentials[i].token, claims))
      return &account->credentials[i];
  }
  return NULL;
}

static bool check_signed(const Account *account, int64_t window_s, const Claims *claims,
                         int64_t now_s, Digest *digest, const Credential **credential, Err *err) {
  *credential = find_signer(account, digest, claims);
  if (!*credential) {
    return err_set(err, ERR_FORBIDDEN,
                   "signature is wrong: not made with this account's token (is `token` the one "
                   "at " ACCOUNT_PLACE_CALLBACK "?)");
  }
  return check_window(claims->timestamp.value, window_s, now_s, err);
}

// Opens with the keys of those credentials whose token signed the sealed text; during a change of keys there
// may be two.
static bool open_sealed(const Account *account, const Claims *claims, Str sealed, Workspace *w,
                        Verified *verified, Err *err) {
  const Credential *signer = verified->credential;
  bool is_signed = false;
  for (size_t i = 0; i < account->credential_count; i++) {
    const Credential *credential = &account->credentials[i];
    if (!credential->has_key || !is_sealed_by(w->digest, credential, signer, claims, &sealed))
      continue;
    is_signed = true;
    buf_reset(&w->plain);
    if (!envelope_open(w->aes, credential->key, account->appid, sealed, &w->plain, err)) continue;
    *verified =
        (Verified){ .credential = credential, .document = buf_str(&w->plain), .sealed = true };
    return true;
  }
  if (is_signed) return false;
  return err_set(
      err, ERR_FORBIDDEN,
      "msg_signature is wrong: it was not made with this account's token over the sealed message");
}

// Tries again without line breaks, which a gateway may have added after signing.
static bool open_unwrapped(const Account *account, const Claims *claims, Str sealed, Workspace *w,
                           Verified *verified, Err *err) {
  Buf scratch;
  Err again;
  buf_init(&scratch);
  Str text = envelope_unwrap(&scratch, sealed);
  bool opened = text.ptr != sealed.ptr && !scratch.failed &&
                open_sealed(account, claims, text, w, verified, &again);
  buf_clear(&scratch);
  return opened;
}

// Refuses a sealed message in normal mode, in which it cannot be opened. A message with plain elements beside Encrypt
// (the platform's compatible mode) need not be opened.
static bool check_not_sealed(const Account *account, Str body, Workspace *w, Err *err) {
  Str text;
  Err unread;
  bool sealed = message_read(w->xml, body, &w->outer, &unread) &&
                node_child_text(&w->outer, 0, STR("Encrypt"), &text) &&
                node_child(&w->outer, 0, STR("MsgType")) == NODE_NONE;
  if (!sealed) return true;
  if (account->credentials[0].has_key)
    return err_set(err, ERR_INVALID,
                   "the message is sealed (Encrypt), and encrypt_mode is normal: set encrypt_mode "
                   "to the mode chosen at " ACCOUNT_PLACE_CALLBACK ", safe or compatible");
  return err_set(err, ERR_INVALID,
                 "the message is sealed (Encrypt), and there is no key to open it: set "
                 "encoding_aes_key to the EncodingAESKey at " ACCOUNT_PLACE_CALLBACK
                 ", or choose plain "
                 "messages there");
}

static bool open_callback(const Account *account, const Claims *claims, Str body, Workspace *w,
                          Verified *verified, Err *err) {
  bool must = account->mode == MODE_SAFE, has_msg_signature = claims->msg_signature.count > 0;
  if (must && !has_msg_signature) {
    return err_set(
        err, ERR_FORBIDDEN,
        "msg_signature is missing: encrypt_mode is safe, and plain messages are refused");
  }
  if (!must && !has_msg_signature && !is_aes(claims)) return true;
  if (!has_msg_signature)
    return err_set(err, ERR_FORBIDDEN, "msg_signature is missing: encrypt_type is aes");
  if (!message_read(w->xml, body, &w->outer, err)) return false;
  Str sealed;
  if (!node_child_text(&w->outer, 0, STR("Encrypt"), &sealed)) {
    if (must)
      return err_set(err, ERR_FORBIDDEN,
                     "the message is plain (no Encrypt), and encrypt_mode is safe");
    return err_set(err, ERR_INVALID,
                   "the query says that the message is sealed, but the message has no Encrypt");
  }
  return open_sealed(account, claims, sealed, w, verified, err) ||
         open_unwrapped(account, claims, sealed, w, verified, err);
}

bool verify_query(const Account *account, int64_t replay_window_s, const Pairs *query,
                  int64_t now_s, Workspace *w, Err *err) {
  Claims claims;
  const Credential *credential;
  return take_claims(query, &claims, err) &&
         check_signed(account, replay_window_s, &claims, now_s, w->digest, &credential, err);
}

bool verify_callback(const Account *account, int64_t replay_window_s, const Pairs *query, Str body,
                     int64_t now_s, Workspace *w, Verified *verified, Err *err) {
  Claims claims;
  *verified = (Verified){ .document = body };
  if (!take_claims(query, &claims, err) || !check_signed(account, replay_window_s, &claims, now_s,
                                                         w->digest, &verified->credential, err)) {
    return false;
  }
  if (account->mode != MODE_NORMAL) return open_callback(account, &claims, body, w, verified, err);
  bool claims_sealed = is_aes(&claims) || claims.msg_signature.count > 0;
  return !claims_sealed || check_not_sealed(account, body, w, err);
}
