// host.file: embedded files, and the places of the bot's files.
//   embedded(name) -> the bytes of an embedded file ("platform/console/index.html"), or nil
//   watched() -> the names of the files that the bot's interpreter, another one than this, was loaded from
//   folder() -> the script's folder with a final '/'; "" for the working directory
#include "host/libs.h"

#include "engine/boxed.h"
#include "script/context.h"
#include "script/embedded.h"

// Reads only the names of embedded files, so that a name cannot lead out of lua/ when they are read from disk.
static int l_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  if (!embedded_has(name)) return 0;
  lua_settop(L, 1);
  Buf *text = boxed_buf(L);
  if (!embedded_read(name, text)) raise_no_memory(L);
  push_str(L, buf_str(text));
  boxed_close(L, 2);
  return 1;
}

static int l_watched(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  Pairs files = { 0 };
  lua_settop(L, 0);
  lua_newtable(L);
  Arena *arena = boxed_arena(L);
  if (options->watched && !options->watched(options->watched_ctx, arena, &files))
    raise_no_memory(L);
  lua_Integer n = 0;
  for (const Pair *file = files.first; file; file = file->next) {
    push_str(L, file->name);
    lua_rawseti(L, 1, ++n);
  }
  boxed_close(L, 2);
  lua_settop(L, 1);
  return 1;
}

static int l_folder(lua_State *L) {
  push_str(L, context_folder(L));
  return 1;
}

static const luaL_Reg functions[] = {
  { "folder", l_folder },
  { "embedded", l_embedded },
  { "watched", l_watched },
  { NULL, NULL },
};

int lib_file(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
