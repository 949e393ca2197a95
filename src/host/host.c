// The list of libraries in `host`.
#include "host/host.h"

#include "engine/method.h"
#include "host/libs.h"

#include <lauxlib.h>

static const luaL_Reg libs[] = {
  { "api", lib_api },            // calls of the platform, tokens
  { "args", method_open },       // methods that check their arguments
  { "callback", lib_callback },  // callbacks of the simulated platform
  { "capture", lib_capture },    // capture and replay of the calls that messages cause
  { "codec", lib_codec },        // base64, sha1, md5, hmac_sha256, utf8 helpers, url
  { "config", lib_config },      // the settings that the script may read
  { "conversation", lib_conversation },
  { "feed", lib_feed },  // notes from the rest of the process
  { "file", lib_file },  // the embedded files
  { "http", lib_http },  // any HTTP request
  { "json", lib_json },
  { "kept", lib_kept },  // answers that are kept until their user's next message
  { "log", lib_log },
  { "message", lib_message },  // parse, get, signature checks
  { "reply", lib_reply },      // render, late replies
  { "route", lib_route },      // the bot's own pages
  { "session", lib_session },  // the running job's own data
  { "stdlib", lib_stdlib },    // what scripts do not have of Lua's library
  { "store", lib_store },      // the store's operations
  { "stream", lib_stream },    // HTTP responses read as they arrive
  { "time", lib_time },        // sleep, spawn, every, cron
  { NULL, NULL },
};

int host_open(lua_State *L) {
  lua_createtable(L, 0, sizeof libs / sizeof libs[0]);
  for (const luaL_Reg *lib = libs; lib->name; lib++) {
    lua_pushcfunction(L, lib->func);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, lib->name);
  }
  return 1;
}
