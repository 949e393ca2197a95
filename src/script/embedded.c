// The files of lua/, carried in the binary. In a source tree they are read from disk, so that changing them
// needs no rebuild.
//   host.file.embedded(name): the bytes of one ("platform/console/index.html"), or nil
//   host.file.watched(): the names of the files that another interpreter, the bot's, was loaded from
#include "script/embedded.h"

#include "script/core.h"

#include "script/box.h"
#include "script/libs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  const char *name, *start, *end;
} EmbeddedFile;

extern const EmbeddedFile wemoon_embedded_files[];
extern const uint64_t wemoon_embedded_count;

// No folder of a script's: one called "wemoon" is a bot's as likely as not.
const char EMBEDDED_MARK[] = "[wemoon]/";

bool embedded_is_place(const char *place) {
  return strncmp(place, EMBEDDED_MARK, sizeof EMBEDDED_MARK - 1) == 0;
}

void embedded_where(lua_State *L, int level) {
  luaL_where(L, level);
  if (!embedded_is_place(lua_tostring(L, -1))) return;
  lua_pop(L, 1);
  lua_pushliteral(L, "");
}

static bool in_source_tree(void) {
  char path[4096];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
  return len > 0 && str_starts(str_make(path, (size_t)len), STR(WEMOON_BUILD_DIR "/")) &&
         access(WEMOON_LUA_SOURCE, R_OK) == 0;
}

static const EmbeddedFile *find(const char *name) {
  for (uint64_t i = 0; i < wemoon_embedded_count; i++) {
    if (strcmp(wemoon_embedded_files[i].name, name) == 0) return &wemoon_embedded_files[i];
  }
  return NULL;
}

static bool read_from_source(const char *name, Buf *text) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", WEMOON_LUA_SOURCE, name);
  return loader_read(path, text);
}

static const char globals_key;

// Embedded files see the globals as they were before the script: one that defines a `type` or a `select` of
// its own changes nothing for them. What is not among those they find in the script's globals.
static void push_globals(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 48);
  lua_pushglobaltable(L);
  for (lua_pushnil(L); lua_next(L, -2);) {  // globals, _G, name, value
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_createtable(L, 0, 1);
  lua_insert(L, -2);
  lua_setfield(L, -2, "__index");  // globals, {__index = _G}
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
}

// The bytes of a file, in `text` where they come from the disk.
static bool get(const char *name, Buf *text, Str *bytes) {
  const EmbeddedFile *file = find(name);
  if (in_source_tree() && read_from_source(name, text)) *bytes = buf_str(text);
  else if (file) *bytes = str_make(file->start, (size_t)(file->end - file->start));
  else return false;
  return true;
}

bool embedded_read(const char *name, Buf *text) {
  Str bytes;
  size_t before = text->len;
  if (!get(name, text, &bytes)) return false;
  if (text->len == before) buf_add(text, bytes);
  return !text->failed;
}

bool embedded_load(lua_State *L, const char *name) {
  Buf text;
  buf_init(&text);
  Str code;
  if (!get(name, &text, &code)) {
    buf_clear(&text);
    return false;
  }
  char chunk[300];
  snprintf(chunk, sizeof chunk, "@%s%s", EMBEDDED_MARK, name);
  int status = luaL_loadbufferx(L, code.ptr, code.len, chunk, "t");
  buf_clear(&text);
  if (status != LUA_OK) lua_error(L);
  push_globals(L);
  lua_setupvalue(L, -2, 1);
  return true;
}

// The disk is asked only for names that the binary knows, so that none leads out of lua/.
static int l_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  Buf *text = box_buf(L);
  Str bytes;
  if (!find(name) || !get(name, text, &bytes)) return 0;
  lua_pushlstring(L, bytes.ptr ? bytes.ptr : "", bytes.len);
  box_close(L, 2);
  return 1;
}

static int l_watched(lua_State *L) {
  const InterpreterOptions *options = &interpreter_of(L)->options;
  Pairs files = { 0 };
  lua_newtable(L);
  Arena *arena = box_arena(L);
  if (options->watched && !options->watched(options->watched_ctx, arena, &files))
    return luaL_error(L, "not enough memory");
  lua_Integer n = 0;
  for (const Pair *file = files.first; file; file = file->next) {
    lua_pushlstring(L, file->name.ptr, file->name.len);
    lua_rawseti(L, 1, ++n);
  }
  box_close(L, 2);
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg functions[] = {
  { "embedded", l_embedded },
  { "watched", l_watched },
  { NULL, NULL },
};

int lib_file(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
