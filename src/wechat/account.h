// One Official Account: the token, keys and mode for its callbacks. Immutable; shared by all threads.
#ifndef WEMOON_WECHAT_ACCOUNT_H
#define WEMOON_WECHAT_ACCOUNT_H

#include "base/err.h"
#include "codec/aes.h"

// Where the operator finds these settings since December 2025; error messages name it.
#define ACCOUNT_PLACE "微信开发者平台 (https://developers.weixin.qq.com/platform) › 基础信息"
#define ACCOUNT_PLACE_CALLBACK ACCOUNT_PLACE " › 域名与消息推送配置"

typedef enum { MODE_NORMAL, MODE_COMPATIBLE, MODE_SAFE } EncryptMode;

// A token and key pair. During a change of keys there are several.
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
  // Every combination of current and previous token and key, without repeats, the current pair first.
  Credential credentials[ACCOUNT_CREDENTIALS_MAX];
  size_t credential_count;
} Account;

// The values as the operator wrote them; empty if not set. They outlive the account.
typedef struct {
  Str token, previous_token, encoding_aes_key, previous_encoding_aes_key, encrypt_mode;
  Str appid, appsecret, partnerid, partnerkey, paysignkey;
} AccountSettings;

// Checks the settings and fills `account`, whose slices are those of `settings`. Without encrypt_mode the mode is safe
// if there is a key, else normal. ERR_USAGE names the setting and the remedy: a key other than 43 base64 characters
// (the unused bits of the last may be set), a mode without its key or appid, an unknown mode, a previous value without
// a current one. An empty token is allowed (`exec` needs none): its one credential verifies nothing.
bool account_init(Account *account, const AccountSettings *settings, Err *err);

enum { ACCOUNT_NAME_MAX = 64 };
// The account's prefix in a shared store: its appid, or "token-" and the beginning of the SHA-1 of its callback token.
// False if OpenSSL has no SHA-1.
bool account_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err);
// The prefix that the account had before its appid was configured: from the token alone.
bool account_former_name(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err);

#endif
