// host.session: what lua/wechat/session.lua needs to know of the running job.
//   locals() -> the job's own table; a function in its field at_end is called when the job has ended, and may
//   wait
//   account: what the processes of one account know each other by (account_name), under which its keys are kept
//   appid: the account's, "" if it has none: before version 0.2 keys were kept under it
#include "host/libs.h"

#include "engine/method.h"
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
  const Account *account = script_context(L)->options->account;
  char name[ACCOUNT_NAME_MAX] = "";
  Err err;
  if (!account_name(account, name, &err)) method_raise(L, "%s", err.text);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "account");
  lua_pushlstring(L, account->appid.ptr ? account->appid.ptr : "", account->appid.len);
  lua_setfield(L, -2, "appid");
  return 1;
}
