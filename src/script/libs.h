// The one list of what C gives to Lua. Each opener leaves one table on the stack, which becomes a field of
// the table `host`, that lua/wechat/*.lua builds `wechat` from. The script itself never sees `host`.
#ifndef WEMOON_SCRIPT_LIBS_H
#define WEMOON_SCRIPT_LIBS_H

#include <lua.h>

int libs_open(lua_State *L);  // pushes `host`

int lib_api(lua_State *L);       // host.api: calls of the platform, tokens
int lib_args(lua_State *L);      // host.args: methods that check their arguments
int lib_codec(lua_State *L);     // host.codec: base64, sha1, md5, hmac_sha256, utf8 helpers, url
int lib_config(lua_State *L);    // host.config: the settings that the script may read
int lib_callback(lua_State *L);  // host.callback: callbacks as the platform makes them
int lib_feed(lua_State *L);      // host.feed: notes from the rest of the process
int lib_file(lua_State *L);      // host.file: the embedded files
int lib_http(lua_State *L);      // host.http: any HTTP request
int lib_json(lua_State *L);      // host.json
int lib_log(lua_State *L);       // host.log
int lib_message(lua_State *L);   // host.message: parse, get, signature checks
int lib_reply(lua_State *L);     // host.reply: render; converts what on_message returned
int lib_route(lua_State *L);     // host.route: pages of the bot's own
int lib_session(lua_State *L);   // host.session: what a job keeps for itself, until its end
int lib_store(lua_State *L);     // host.store: the store's operations
int lib_conversation(lua_State *L);  // host.conversation: conversations
int lib_time(lua_State *L);          // host.time: sleep, spawn, every, cron

#endif
