// Logins of the live desk: a password, compared in constant time and with a limit on tries, and sessions identified by
// a cookie. Functions may be called from any thread.
#ifndef WEMOON_BOT_DESK_LOGIN_H
#define WEMOON_BOT_DESK_LOGIN_H

#include "base/buf.h"

enum { DESK_TOKEN_LEN = 64, DESK_SESSIONS_MAX = 32, DESK_SESSION_S = 12 * 3600 };
#define DESK_COOKIE "wemoon_desk"

typedef struct DeskLogin DeskLogin;

DeskLogin *desk_login_new(Str password);  // `password` is not copied; NULL without memory or random
                                          // bytes
void desk_login_free(DeskLogin *login);   // NULL is allowed

typedef enum { DESK_LOGIN_RIGHT, DESK_LOGIN_WRONG, DESK_LOGIN_TOO_OFTEN } DeskLoginResult;
// Tries a password from the client `address`. DESK_LOGIN_RIGHT: `token` is a new session's token, NUL-terminated; the
// oldest session ends if there are already DESK_SESSIONS_MAX. DESK_LOGIN_TOO_OFTEN (after 5 wrong passwords a minute
// from one address, or 60 from all): the password was not checked.
DeskLoginResult desk_login_try(DeskLogin *login, Str password, Str address,
                               char token[DESK_TOKEN_LEN + 1]);
// Returns whether the Cookie header has a session's token. If so, the session lasts DESK_SESSION_S from now.
bool desk_login_knows(DeskLogin *login, Str cookies);
// Ends the session that the Cookie header names, if there is one.
void desk_login_end(DeskLogin *login, Str cookies);

#endif
