// load, loadfile and dofile. They behave like Lua's own, except that they load source text only, and that parsing a
// long text can be stopped.
#include "engine/libs.h"

#include "engine/guard.h"
#include "engine/lua_helpers.h"

#include <lauxlib.h>

// Bytes of source between two calls of the guard: parsing them takes less than 0.2 ms.
enum { PIECE = 4096 };

// Lua's parser calls the current message handler for some errors that load itself catches. So the parser runs here in a
// pcall without a message handler.
typedef struct {
  int (*parse)(lua_State *L, void *what);  // as lua_load
  void *what;
} Parsing;

static int parse_protected(lua_State *L) {
  const Parsing *parsing = lua_touserdata(L, 1);
  lua_remove(L, 1);
  if (parsing->parse(L, parsing->what) != LUA_OK) return lua_error(L);
  return 1;
}

// Runs `function` in a protected call with the top `count` values, which are alone on its stack. Replaces them by the
// chunk or the error.
static int parse(lua_State *L, int (*function)(lua_State *L, void *what), void *what, int count) {
  Parsing parsing = { function, what };
  lua_pushcfunction(L, parse_protected);
  lua_insert(L, -count - 1);
  lua_pushlightuserdata(L, &parsing);
  lua_insert(L, -count - 1);
  return lua_pcall(L, count + 1, 1, 0);
}

typedef struct {
  const char *name;  // a chunk name, or the path of a file
  Str code;
} Text;

static int parse_buffer(lua_State *L, void *what) {
  const Text *text = what;
  return luaL_loadbufferx(L, text->code.ptr, text->code.len, text->name, "t");
}

static int parse_file(lua_State *L, void *what) {
  const Text *text = what;
  return luaL_loadfilex(L, text->name, "t");
}

int load_buffer(lua_State *L, Str code, const char *name) {
  return parse(L, parse_buffer, &(Text){ name, code }, 0);
}

// ---- load ---------------------------------------------------------------------------------------

enum { CODE = 1, NAME, MODE, ENVIRONMENT };
enum { PARSED_CODE = 1, PART };

// The source of the text's parts. The current part is kept on the stack at PART.
typedef struct {
  Str rest;        // the rest of a string
  bool is_string;  // else a function returns the parts
  const char *name, *mode;
  bool begun, stopped;
} Source;

static Str next_piece(Source *source) {
  Str piece = str_sub(source->rest, 0, PIECE);
  source->rest = str_sub(source->rest, piece.len, source->rest.len);
  return piece;
}

// Raises with the place of the caller of load, which is two levels up.
static void fail(lua_State *L, const char *why) {
  luaL_where(L, 2);
  lua_pushstring(L, why);
  lua_concat(L, 2);
  lua_error(L);
}

// Returns the next part from the reader function; an empty one at the end.
static Str next_part(lua_State *L) {
  Str part = { 0 };
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, PARSED_CODE);
  lua_call(L, 0, 1);
  if (!lua_isnil(L, -1) && !lua_isstring(L, -1)) fail(L, "reader function must return a string");
  lua_replace(L, PART);  // keeps the string alive
  part.ptr = lua_tolstring(L, PART, &part.len);
  return part;
}

// The reader for lua_load. When the guard stops the slice, the text ends early: the parser returns normally, and the
// caller checks `stopped`.
static const char *read_source(lua_State *L, void *ctx, size_t *size) {
  Source *source = ctx;
  *size = 0;
  source->stopped = source->begun && !guard_goes_on(L);
  if (source->stopped) return NULL;
  Str part = source->is_string ? next_piece(source) : next_part(L);
  if (!source->begun && part.len > 0 && part.ptr[0] == LUA_SIGNATURE[0])
    fail(L, "attempt to load a binary chunk: only source text is loaded");
  source->begun = true;
  *size = part.len;
  return part.ptr;
}

static int parse_source(lua_State *L, void *what) {
  Source *source = what;
  lua_settop(L, PART);
  return lua_load(L, read_source, source, source->name, source->mode);
}

// Returns the results of load and loadfile: the chunk on top, with `environment` (an index; 0: none) set, or nil and
// the error on top.
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
  source.mode = luaL_optstring(L, MODE, "bt");
  int environment = lua_isnone(L, ENVIRONMENT) ? 0 : ENVIRONMENT;
  source.name = luaL_optstring(L, NAME, source.is_string ? source.rest.ptr : "=(load)");
  if (!source.is_string) luaL_checktype(L, CODE, LUA_TFUNCTION);
  unsigned forced = guard_forced(L);
  lua_settop(L, ENVIRONMENT);
  lua_pushvalue(L, CODE);
  int status = parse(L, parse_source, &source, 1);
  if (source.stopped) return guard_unwind(L);
  if (guard_forced(L) != forced) return guard_unwind_on(L);
  return loaded(L, status, environment);
}

static int l_loadfile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL), *mode = luaL_optstring(L, 2, "bt");
  int environment = lua_isnone(L, 3) ? 0 : 3;
  bool takes_text = strchr(mode, 't') != NULL;
  if (!takes_text) return loaded(L, luaL_loadfilex(L, path, ""), environment);
  return loaded(L, parse(L, parse_file, &(Text){ .name = path }, 0), environment);
}

static int dofile_returned(lua_State *L, int status, lua_KContext context) {
  return lua_gettop(L) - 1;
}

static int l_dofile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  if (parse(L, parse_file, &(Text){ .name = path }, 0) != LUA_OK) return lua_error(L);
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
