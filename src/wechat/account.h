// One Official Account: what its callbacks are verified and opened with. Immutable once made; shared by all
// threads.
#ifndef WEMOON_WECHAT_ACCOUNT_H
#define WEMOON_WECHAT_ACCOUNT_H

#include "base/err.h"
#include "codec/aes.h"

// Where these settings stand since December 2025, for errors that send the operator there.
#define ACCOUNT_PLACE "微信开发者平台 (https://developers.weixin.qq.com/platform) › 基础信息"
#define ACCOUNT_PLACE_CALLBACK ACCOUNT_PLACE " › 域名与消息推送配置"

typedef enum { MODE_NORMAL, MODE_COMPATIBLE, MODE_SAFE } EncryptMode;

// What a callback is signed and sealed with. During a change of keys there are two.
typedef struct {
  Str token;
  bool has_key;
  uint8_t key[AES_KEY_LEN];
} Credential;

enum { ACCOUNT_CREDENTIALS_MAX = 4 };

typedef struct {
  Str appid, appsecret;
  Str partnerid, partnerkey, paysignkey;
  EncryptMode mode;
  // Every pair of present and previous token with present and previous key, where they differ; the present
  // pair first.
  Credential credentials[ACCOUNT_CREDENTIALS_MAX];
  size_t credential_count;
} Account;

// The values as the operator wrote them; empty where not set. They outlive the account.
typedef struct {
  Str token, previous_token, encoding_aes_key, previous_encoding_aes_key, encrypt_mode;
  Str appid, appsecret, partnerid, partnerkey, paysignkey;
} AccountSettings;

// Checks the settings and fills `account`, whose slices stay those of `settings`. Without encrypt_mode it is
// safe where there is a key, else normal. Refuses with ERR_USAGE, naming the setting and the mend: a key that
// is not 43 base64 characters (the bits that the last one has over may be set), a mode without its key or
// appid, an unknown mode, a previous value without a present one. An empty token is allowed here (`exec`
// needs none): there is one credential then, with which nothing verifies.
bool account_init(Account *account, const AccountSettings *settings, Err *err);

enum { ACCOUNT_NAME_MAX = 64 };
// What an account is called on a store that it shares with others: its appid; without one, "token-" and the
// beginning of its callback token's SHA-1. False if OpenSSL gives no SHA-1.
bool account_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err);
// The name from its token alone, which it had before its appid was known.
bool account_former_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err);

#endif
