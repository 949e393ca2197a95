// Pages in Lua.
#ifndef WEMOON_SCRIPT_PAGE_VALUE_H
#define WEMOON_SCRIPT_PAGE_VALUE_H

#include <lua.h>

// add(method, path, fn): fn(request) is called for each request, in a task of its own. `method` is in upper case, or
// "*". page.c describes `request` and the results of fn.
int page_value_add(lua_State *L);

#endif
