// host.session: what lua/wechat/session.lua needs to know of the running job.
//   locals() -> the job's own table; a function in its field at_end is called when the job has ended, and may
//   wait
//   appid: the account's, "" where it has none
#include "host/libs.h"

#include "script/context.h"

static int l_locals(lua_State *L) {
  task_push_locals(L);
  return 1;
}

static const luaL_Reg functions[] = {
  { "locals", l_locals },
  { NULL, NULL },
};

int lib_session(lua_State *L) {
  luaL_newlib(L, functions);
  Str appid = script_context(L)->options->account->appid;
  lua_pushlstring(L, appid.ptr ? appid.ptr : "", appid.len);
  lua_setfield(L, -2, "appid");
  return 1;
}
