// load, loadfile and dofile as Lua has them, but that they take text alone, and that a long one can be stopped.
#include "engine/internal.h"

#include <lauxlib.h>

// Parsing this much takes under a fifth of a millisecond.
enum { PIECE = 4096 };

enum { CODE = 1, NAME, MODE, ENVIRONMENT, PART };

typedef struct {
  Str rest;        // of a string
  bool is_string;  // else a function gives the parts
  bool begun, stopped;
} Source;

static int refuse_binary(lua_State *L) {
  raise(L, "attempt to load a binary chunk: only source text is loaded");
}

static Str next_piece(Source *source) {
  Str piece = str_sub(source->rest, 0, PIECE);
  source->rest = str_sub(source->rest, piece.len, source->rest.len);
  return piece;
}

// Empty at the end.
static Str next_part(lua_State *L) {
  Str part = { 0 };
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, CODE);
  lua_call(L, 0, 1);
  if (!lua_isnil(L, -1) && !lua_isstring(L, -1)) raise(L, "reader function must return a string");
  lua_replace(L, PART);  // which keeps it alive
  part.ptr = lua_tolstring(L, PART, &part.len);
  return part;
}

// A stopped text ends early: the parser is left the usual way, and whoever loads it asks for `stopped`.
static const char *read_source(lua_State *L, void *ctx, size_t *size) {
  Source *source = ctx;
  *size = 0;
  source->stopped = source->begun && !guard_goes_on(L);
  if (source->stopped) return NULL;
  Str part = source->is_string ? next_piece(source) : next_part(L);
  if (!source->begun && part.len > 0 && part.ptr[0] == LUA_SIGNATURE[0]) refuse_binary(L);
  source->begun = true;
  *size = part.len;
  return part.ptr;
}

// The results of load and loadfile: the chunk at the top with its environment, or nil and the error there.
static int loaded(lua_State *L, int status, int environment) {
  if (status != LUA_OK) {
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (environment) {
    lua_pushvalue(L, environment);
    if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
  }
  return 1;
}

static int l_load(lua_State *L) {
  Source source = { .is_string = lua_isstring(L, CODE) };
  if (source.is_string) source.rest.ptr = lua_tolstring(L, CODE, &source.rest.len);
  const char *mode = luaL_optstring(L, MODE, "bt");
  int environment = lua_isnone(L, ENVIRONMENT) ? 0 : ENVIRONMENT;
  const char *name = luaL_optstring(L, NAME, source.is_string ? source.rest.ptr : "=(load)");
  if (!source.is_string) luaL_checktype(L, CODE, LUA_TFUNCTION);
  lua_settop(L, PART);
  int status = lua_load(L, read_source, &source, name, mode);
  if (source.stopped) return guard_unwind(L);
  return loaded(L, status, environment);
}

static int l_loadfile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL), *mode = luaL_optstring(L, 2, "bt");
  int environment = lua_isnone(L, 3) ? 0 : 3;
  int status = luaL_loadfilex(L, path, strchr(mode, 't') ? "t" : "");
  return loaded(L, status, environment);
}

static int dofile_returned(lua_State *L, int status, lua_KContext context) {
  return lua_gettop(L) - 1;
}

static int l_dofile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) return lua_error(L);
  lua_callk(L, 0, LUA_MULTRET, 0, dofile_returned);
  return dofile_returned(L, LUA_OK, 0);
}

static const luaL_Reg functions[] = {
  { "dofile", l_dofile }, { "load", l_load }, { "loadfile", l_loadfile }, { NULL, NULL }
};

void load_open(lua_State *L) {
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
