// Where code comes from: the script, what it requires beside itself, the embedded files; and which files a
// change of matters.
#include "script/loader.h"

#include "engine/place.h"
#include "script/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool loader_read(const char *path, Buf *text) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = 1;
  while (n > 0 && buf_reserve(text, 16384)) {
    n = read(fd, text->ptr + text->len, 16384);
    if (n > 0) text->len += (size_t)n;
  }
  int failed = text->failed ? ENOMEM : n < 0 ? errno : 0;
  close(fd);
  errno = failed;
  return !failed;
}

// Without a byte order mark and a first line that begins with '#' (its newline stays, so that lines keep
// their numbers).
Str loader_skip_head(Str text) {
  if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_sub(text, 3, text.len);
  if (!str_starts(text, STR("#"))) return text;
  ptrdiff_t newline = str_find(text, STR("\n"));
  return newline < 0 ? STR("") : str_sub(text, (size_t)newline, text.len);
}

// Pushes the chunk.
static void load_text(lua_State *L, const char *path, Str text) {
  Str code = loader_skip_head(text);
  lua_pushfstring(L, "@%s", path);
  if (luaL_loadbufferx(L, code.ptr, code.len, lua_tostring(L, -1), NULL) != LUA_OK) lua_error(L);
  lua_remove(L, -2);
}

void loader_load(lua_State *L, const char *path) {
  Sources *sources = interpreter_of(L)->sources;
  const Str *source = sources_given(sources, path);
  if (!source) {
    Buf text;
    buf_init(&text);
    if (loader_read(path, &text)) source = sources_keep(sources, path, buf_str(&text));
    int failed = errno;
    buf_clear(&text);
    if (!source) raise(L, "cannot read %s: %s", path, strerror(failed));
  }
  load_text(L, path, *source);
}

bool loader_set_script(Interpreter *in, const char *path) {
  const char *slash = strrchr(path, '/');
  free(in->folder);
  in->folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
  return in->folder && sources_track(in->sources, path);
}

// ---- require ------------------------------------------------------------------------------------

// A searcher's answer: the chunk in front of the path it came from.
static int found(lua_State *L, const char *path) {
  lua_pushstring(L, path);
  return 2;
}

// Whether a file of wemoon's own calls `require`: its modules are wemoon's too, and it may ask for them long
// after the script was loaded, which must not look like a change of the script's files.
static bool asks_for_own(lua_State *L) {
  lua_Debug ar;
  return lua_getstack(L, 2, &ar) && lua_getinfo(L, "S", &ar) && place_is_own(L, ar.short_src);
}

// Beside the script. Looked-for paths are noted whether they are there or not: a module that appears there
// takes effect.
static int search_beside(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
  if (!in->folder || asks_for_own(L)) return 0;
  for (size_t i = 0; i < 2; i++) {
    const char *path = lua_pushfstring(L, i == 0 ? "%s%s.lua" : "%s%s/init.lua", in->folder, name);
    if (!sources_track(in->sources, path)) raise_no_memory(L);
    if (!sources_given(in->sources, path) && access(path, F_OK) != 0) continue;
    loader_load(L, path);
    return found(L, path);
  }
  lua_pushfstring(L, "no file '%s%s.lua'\n\tno file '%s%s/init.lua'", in->folder, name, in->folder,
                  name);
  return 1;
}

static int search_embedded(lua_State *L) {
  const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
  const char *path = lua_pushfstring(L, "%s.lua", name);
  if (embedded_load(L, path)) return found(L, path);
  path = lua_pushfstring(L, "%s/init.lua", name);
  if (embedded_load(L, path)) return found(L, path);
  lua_pushliteral(L, "no module of wemoon's own by that name");
  return 1;
}

// package.searchers: preload, then ours, then Lua's own.
void loader_open(lua_State *L) {
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= 2; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 2);
  }
  lua_pushcfunction(L, search_beside);
  lua_rawseti(L, -2, 2);
  lua_pushcfunction(L, search_embedded);
  lua_rawseti(L, -2, 3);
  lua_pop(L, 2);
}
