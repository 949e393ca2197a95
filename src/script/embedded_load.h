// The files of lua/ as chunks, for the other files of script/.
#ifndef WEMOON_SCRIPT_EMBEDDED_LOAD_H
#define WEMOON_SCRIPT_EMBEDDED_LOAD_H

#include <lua.h>
#include <stdbool.h>

extern const char EMBEDDED_MARK[];  // prefix of the chunk names of embedded files
// Pushes the chunk of an embedded file ("wechat/init.lua"). Returns false, with nothing pushed, if there is none.
// Raises if the file does not parse.
bool embedded_load(lua_State *L, const char *name);
// What has been loaded is compiled: its text, hundreds of kilobytes, need not be resident until it is loaded again.
void embedded_give_back(void);

#endif
