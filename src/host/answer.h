// What Lua is given of an HTTP answer.
#ifndef WEMOON_HOST_ANSWER_H
#define WEMOON_HOST_ANSWER_H

#include <lua.h>

#include "net/client.h"

const char *answer_kind(ClientOutcome outcome);  // err.kind
// Pushes nil and { kind =, errmsg = }; returns 2.
int answer_failure(lua_State *L, const char *kind, const char *text);
// Pushes a list of { name, value }, the names in lower case.
void answer_push_headers(lua_State *L, const Pairs *headers);

#endif
