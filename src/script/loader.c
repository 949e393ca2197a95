// Where code comes from: the script, what it requires beside itself, the embedded files; and which files a
// change of matters.
#include "script/core.h"

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

void loader_load(lua_State *L, const char *path) {
  Buf text;
  buf_init(&text);
  const char *chunk = lua_pushfstring(L, "@%s", path);
  if (!loader_read(path, &text)) {
    int failed = errno;
    buf_clear(&text);
    luaL_error(L, "cannot read %s: %s", path, strerror(failed));
  }
  Str code = loader_skip_head(buf_str(&text));
  int status = luaL_loadbufferx(L, code.ptr, code.len, chunk, NULL);
  buf_clear(&text);
  if (status != LUA_OK) lua_error(L);
  lua_remove(L, -2);
}

static bool track_locked(Interpreter *in, const char *path) {
  for (size_t i = 0; i < in->file_count; i++) {
    if (strcmp(in->files[i], path) == 0) return true;
  }
  if (in->file_count == in->file_cap) {
    size_t cap = in->file_cap ? 2 * in->file_cap : 8;
    char **files = realloc(in->files, cap * sizeof *files);
    if (!files) return false;
    in->files = files;
    in->file_cap = cap;
  }
  char *copy = strdup(path);
  if (!copy) return false;
  in->files[in->file_count++] = copy;
  return true;
}

bool loader_track(Interpreter *in, const char *path) {
  pthread_mutex_lock(&in->files_mutex);
  bool ok = track_locked(in, path);
  pthread_mutex_unlock(&in->files_mutex);
  return ok;
}

bool interpreter_files(Interpreter *in, Arena *arena, Pairs *files) {
  pthread_mutex_lock(&in->files_mutex);
  bool ok = true;
  for (size_t i = 0; i < in->file_count && ok; i++) {
    if (pairs_get(files, str_of(in->files[i]), NULL)) continue;
    Str name = arena_dup(arena, str_of(in->files[i]));
    ok = name.ptr && pairs_add(files, arena, name, STR(""));
  }
  pthread_mutex_unlock(&in->files_mutex);
  return ok;
}

bool loader_set_script(Interpreter *in, const char *path) {
  const char *slash = strrchr(path, '/');
  free(in->folder);
  in->folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
  return in->folder && loader_track(in, path);
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
  return lua_getstack(L, 2, &ar) && lua_getinfo(L, "S", &ar) && ar.source[0] == '@' &&
         strncmp(ar.source + 1, EMBEDDED_MARK, strlen(EMBEDDED_MARK)) == 0;
}

// Beside the script. Looked-for paths are noted whether they are there or not: a module that appears there
// takes effect.
static int search_beside(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
  if (!in->folder || asks_for_own(L)) return 0;
  for (size_t i = 0; i < 2; i++) {
    const char *path = lua_pushfstring(L, i == 0 ? "%s%s.lua" : "%s%s/init.lua", in->folder, name);
    if (!loader_track(in, path)) return luaL_error(L, "not enough memory");
    if (access(path, F_OK) != 0) continue;
    loader_load(L, path);
    return found(L, path);
  }
  lua_pushfstring(L, "no file '%s%s.lua'\n\tno file '%s%s/init.lua'", in->folder, name, in->folder, name);
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
