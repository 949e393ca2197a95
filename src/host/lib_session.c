// host.session: the data of the running job that lua/wechat/session.lua needs.
//   locals() -> the job's own table (task_push_locals); a function in its field at_end is called at the job's end, and
//     may wait
//   account: the name that all processes of one account share (account_name); part of the session's keys in the store
//   appid: the account's; "" if it has none. Before version 0.2, it was in the keys in place of `account`
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
