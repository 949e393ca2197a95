// Checks the operator's settings, and lists the pairs of token and key that callbacks may use.
// with.
#include "wechat/account.h"

#include "codec/base64.h"
#include "codec/digest.h"

#include <stdio.h>

enum { KEY_TEXT_LEN = 43 };

// The 43 characters are base64 without its '='; the two unused bits may have any value.
static bool decode_key(Str text, const char *name, uint8_t key[AES_KEY_LEN], Err *err) {
  if (text.len != KEY_TEXT_LEN) {
    return err_set(err, ERR_USAGE,
                   "%s has %zu characters; the platform's EncodingAESKey has %d: copy it again "
                   "from " ACCOUNT_PLACE_CALLBACK,
                   name, text.len, KEY_TEXT_LEN);
  }
  char padded[KEY_TEXT_LEN + 1];
  memcpy(padded, text.ptr, KEY_TEXT_LEN);
  padded[KEY_TEXT_LEN] = '=';
  Buf bytes;
  buf_init(&bytes);
  bool ok =
      base64_decode(&bytes, str_make(padded, sizeof padded), true) && bytes.len == AES_KEY_LEN;
  bool no_memory = bytes.failed;
  if (ok) memcpy(key, bytes.ptr, AES_KEY_LEN);
  if (bytes.ptr) explicit_bzero(bytes.ptr, bytes.cap);
  buf_clear(&bytes);
  explicit_bzero(padded, sizeof padded);
  if (ok) return true;
  if (no_memory) return err_set(err, ERR_MEMORY, "no memory");
  return err_set(err, ERR_USAGE,
                 "%s holds a character that is neither letter, digit, '+' nor '/': copy it again",
                 name);
}

static bool read_mode(Account *account, const AccountSettings *settings, Err *err) {
  Str mode = settings->encrypt_mode;
  if (mode.len == 0) account->mode = settings->encoding_aes_key.len ? MODE_SAFE : MODE_NORMAL;
  else if (str_eq(mode, STR("normal"))) account->mode = MODE_NORMAL;
  else if (str_eq(mode, STR("compatible"))) account->mode = MODE_COMPATIBLE;
  else if (str_eq(mode, STR("safe"))) account->mode = MODE_SAFE;
  else
    return err_set(err, ERR_USAGE, "encrypt_mode is \"%.*s\": write normal, compatible or safe",
                   STR_FMT(mode));
  return true;
}

static bool check_partners(const Account *account, const AccountSettings *settings, Err *err) {
  const char *mode = account->mode == MODE_SAFE ? "safe" : "compatible";
  if (settings->previous_token.len && !settings->token.len) {
    return err_set(err, ERR_USAGE,
                   "previous_token is set without token: set token to the current one");
  }
  if (settings->previous_encoding_aes_key.len && !settings->encoding_aes_key.len) {
    return err_set(err, ERR_USAGE,
                   "previous_encoding_aes_key is set without encoding_aes_key: set "
                   "encoding_aes_key to the current one");
  }
  if (account->mode == MODE_NORMAL) return true;
  if (!settings->encoding_aes_key.len) {
    return err_set(err, ERR_USAGE,
                   "encrypt_mode %s needs encoding_aes_key: copy it from " ACCOUNT_PLACE_CALLBACK
                   ", or set "
                   "encrypt_mode to normal there and here",
                   mode);
  }
  if (!account->appid.len) {
    return err_set(err, ERR_USAGE, "encrypt_mode %s needs appid: every sealed message contains it",
                   mode);
  }
  return true;
}

static void add_credential(Account *account, Str token, bool has_key,
                           const uint8_t key[AES_KEY_LEN]) {
  Credential *credential = &account->credentials[account->credential_count++];
  *credential = (Credential){ .token = token, .has_key = has_key };
  if (has_key) memcpy(credential->key, key, AES_KEY_LEN);
}

bool account_init(Account *account, const AccountSettings *settings, Err *err) {
  *account = (Account){
    .appid = settings->appid,
    .appsecret = settings->appsecret,
    .partnerid = settings->partnerid,
    .partnerkey = settings->partnerkey,
    .paysignkey = settings->paysignkey,
  };
  uint8_t key[AES_KEY_LEN] = { 0 }, previous[AES_KEY_LEN] = { 0 };
  bool has_key = settings->encoding_aes_key.len > 0,
       has_previous = settings->previous_encoding_aes_key.len > 0;
  if (!read_mode(account, settings, err) || !check_partners(account, settings, err) ||
      (has_key && !decode_key(settings->encoding_aes_key, "encoding_aes_key", key, err)) ||
      (has_previous && !decode_key(settings->previous_encoding_aes_key, "previous_encoding_aes_key",
                                   previous, err))) {
    return false;
  }
  Str tokens[] = { settings->token, settings->previous_token };
  size_t token_count = settings->previous_token.len && !str_eq(tokens[0], tokens[1]) ? 2 : 1;
  bool two_keys = has_previous && memcmp(key, previous, AES_KEY_LEN) != 0;
  for (size_t i = 0; i < token_count; i++) {
    add_credential(account, tokens[i], has_key, key);
    if (two_keys) add_credential(account, tokens[i], true, previous);
  }
  return true;
}

// ---- names --------------------------------------------------------------------------------------

bool account_former_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err) {
  char hex[SHA1_HEX_LEN + 1];
  Digest *digest = digest_new();
  bool ok = digest && digest_sha1(digest, &account->credentials[0].token, 1, hex);
  digest_free(digest);
  if (!ok) return err_set(err, ERR_FAILED, "OpenSSL does not provide SHA-1");
  snprintf(out, ACCOUNT_NAME_MAX, "token-%.16s", hex);
  return true;
}

bool account_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err) {
  if (account->appid.len == 0) return account_former_name(account, out, err);
  snprintf(out, ACCOUNT_NAME_MAX, "%.*s", STR_FMT(account->appid));
  return true;
}
