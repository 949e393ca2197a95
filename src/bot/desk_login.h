// Who may see the live desk: a password, tried in constant time and not too often, and sessions known by a cookie.
// Any thread.
#ifndef WEMOON_BOT_DESK_LOGIN_H
#define WEMOON_BOT_DESK_LOGIN_H

#include "base/buf.h"

enum { DESK_TOKEN_LEN = 64, DESK_SESSIONS_MAX = 32, DESK_SESSION_S = 12 * 3600 };
#define DESK_COOKIE "wemoon_desk"

typedef struct DeskLogin DeskLogin;

DeskLogin *desk_login_new(Str password);  // kept as it is; NULL without memory or random bytes
void desk_login_free(DeskLogin *login);   // NULL is allowed

typedef enum { DESK_LOGIN_RIGHT, DESK_LOGIN_WRONG, DESK_LOGIN_TOO_OFTEN } DeskLoginResult;
// `address`: whose try it is. Right: `token` is a new session's, with a NUL. The oldest session ends where there are
// DESK_SESSIONS_MAX. Too often (5 wrong ones a minute from one address, 60 from all): the password was not looked at.
DeskLoginResult desk_login_try(DeskLogin *login, Str password, Str address,
                               char token[DESK_TOKEN_LEN + 1]);
// Whether the Cookie header has a session's token; it lives DESK_SESSION_S longer then.
bool desk_login_knows(DeskLogin *login, Str cookies);
void desk_login_end(DeskLogin *login, Str cookies);

#endif
