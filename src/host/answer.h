// Pushes the parts of an HTTP response for Lua.
#ifndef WEMOON_HOST_ANSWER_H
#define WEMOON_HOST_ANSWER_H

#include <lua.h>

#include "net/client.h"

const char *answer_kind(ClientOutcome outcome);  // the error's `kind`, such as "timeout"
// Pushes nil and { kind =, errmsg = text }; returns 2.
int answer_failure(lua_State *L, const char *kind, const char *text);
// Pushes a list of { name, value } pairs; names are in lower case.
void answer_push_headers(lua_State *L, const Pairs *headers);

#endif
