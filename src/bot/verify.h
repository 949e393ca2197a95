// Checks that a callback is authentic and opens it: signatures, replay window, envelope. Reads no clock: the caller
// passes the time.
#ifndef WEMOON_BOT_VERIFY_H
#define WEMOON_BOT_VERIFY_H

#include "base/pairs.h"
#include "bot/workspace.h"
#include "wechat/account.h"
#include "wechat/message.h"

typedef struct {
  const Credential *credential;  // the token and key that opened the message, and seal its reply
  Str document;                  // the plain message: the body itself, or decrypted in the
                                 // workspace
  bool sealed;                   // the message was encrypted
} Verified;

// Checks the signature and the timestamp of a request without a body (URL verification). Returns false with
// ERR_FORBIDDEN if either is invalid.
bool verify_query(const Account *account, int64_t replay_window_s, const Pairs *query,
                  int64_t now_s, Workspace *workspace, Err *err);
// Checks a callback and opens it as the account's mode demands. Returns false with ERR_FORBIDDEN (403) or ERR_INVALID
// (400) on failure.
bool verify_callback(const Account *account, int64_t replay_window_s, const Pairs *query, Str body,
                     int64_t now_s, Workspace *workspace, Verified *verified, Err *err);

#endif
