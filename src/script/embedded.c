// The files of lua/, embedded in the binary. In a source tree they are read from disk, so that changes need no rebuild.
#include "script/embedded.h"

#include "base/file.h"
#include "base/pages.h"
#include "engine/lua_helpers.h"
#include "engine/engine.h"
#include "script/embedded_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  const char *name, *start, *end;
} EmbeddedFile;

extern const EmbeddedFile wemoon_embedded_files[];
extern const uint64_t wemoon_embedded_count;

// Not a possible folder name: a bot's folder may be called "wemoon".
const char EMBEDDED_MARK[] = "[wemoon]/";

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
  return file_append(path, FILE_SOURCE_MAX, text);
}

static const char globals_key;

// Embedded files use the globals from before the script, so a script that defines its own `type` or `select` does not
// affect them. Names that did not exist then are looked up in the script's globals.
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

// Gets the bytes of a file, which are in `text` if read from disk.
static bool get(const char *name, Buf *text, Str *bytes) {
  const EmbeddedFile *file = find(name);
  if (in_source_tree() && read_from_source(name, text)) *bytes = buf_str(text);
  else if (file) *bytes = str_make(file->start, (size_t)(file->end - file->start));
  else return false;
  return true;
}

void embedded_give_back(void) {
  if (wemoon_embedded_count == 0) return;
  const EmbeddedFile *first = wemoon_embedded_files, *last = first + wemoon_embedded_count - 1;
  pages_give_back(first->start, (size_t)(last->end - first->start));
}

bool embedded_has(const char *name) { return find(name) != NULL; }

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
