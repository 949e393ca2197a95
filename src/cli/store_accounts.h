// Whose data a store has: a wrong token or appid names another account, which has nothing there.
#ifndef WEMOON_CLI_STORE_ACCOUNTS_H
#define WEMOON_CLI_STORE_ACCOUNTS_H

#include "store/store.h"
#include "wechat/account.h"

// ERR_USAGE if neither token nor appid says whose data is meant.
bool store_account_is_named(const Account *account, Err *err);
// Whether a key of STORE_OWN is data of an account, KIND/ACCOUNT/NAME. A key without a name is a lease of a running
// process, and notes between processes about forgotten users are no data. Version 0.1 had empty accounts.
bool store_key_account(Str key, Str *account);
// If the store has nothing of the account and data of others, appends their names ("wx1, token-0123456789abcdef"), as
// in the keys; else appends nothing. On Redis it scans every key. False if the store fails.
bool store_accounts_instead(Store *store, const Account *account, Buf *others, Err *err);

#endif
