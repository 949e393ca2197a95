// The files of lua/ as chunks, for the other files of script/.
#ifndef WEMOON_SCRIPT_EMBEDDED_LOAD_H
#define WEMOON_SCRIPT_EMBEDDED_LOAD_H

#include <lua.h>
#include <stdbool.h>

extern const char EMBEDDED_MARK[];  // prefix of the chunk names of embedded files
// Pushes the chunk of an embedded file ("wechat/init.lua"). Returns false, with nothing pushed, if there is none.
// Raises if the file does not parse.
bool embedded_load(lua_State *L, const char *name);

#endif
