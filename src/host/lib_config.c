// host.config: a table of strings with the settings that the script may read. It contains no secrets.
#include "host/libs.h"

#include "script/context.h"

int lib_config(lua_State *L) {
  const Pairs *config = script_context(L)->options->config;
  lua_newtable(L);
  for (const Pair *pair = config ? config->first : NULL; pair; pair = pair->next) {
    push_str(L, pair->name);
    push_str(L, pair->value);
    lua_rawset(L, -3);
  }
  return 1;
}
