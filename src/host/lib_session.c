// host.session: the data of the running job that lua/wechat/session.lua needs.
//   locals() -> the job's own table (task_push_locals); a function in its field at_end is called at the job's end, and
//     may wait
//   account: the name that all processes of one account share (account_name); part of the session's keys in the store
//   former: the names under which its sessions may be from before: account_former_name, and without appid "", which
//     stood there before version 0.2
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

typedef bool NameOf(const Account *account, char out[ACCOUNT_NAME_MAX], Err *err);

static void push_name(lua_State *L, const Account *account, NameOf *name_of) {
  char name[ACCOUNT_NAME_MAX] = "";
  Err err;
  if (!name_of(account, name, &err)) method_raise(L, "%s", err.text);
  lua_pushstring(L, name);
}

static void push_former(lua_State *L, const Account *account) {
  lua_newtable(L);
  push_name(L, account, account_former_name);
  lua_rawseti(L, -2, 1);
  if (account->appid.len) return;
  lua_pushliteral(L, "");
  lua_rawseti(L, -2, 2);
}

int lib_session(lua_State *L) {
  luaL_newlib(L, functions);
  const Account *account = script_context(L)->options->account;
  push_name(L, account, account_name);
  lua_setfield(L, -2, "account");
  push_former(L, account);
  lua_setfield(L, -2, "former");
  return 1;
}
