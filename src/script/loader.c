// Loads code: the script, the modules that it requires, the embedded files; and notes the files a change of which
// matters.
#include "script/loader.h"

#include "base/file.h"
#include "base/log.h"
#include "engine/place.h"
#include "script/embedded_load.h"
#include "script/inner.h"
#include "script/require_cycle.h"
#include "script/syntax_hint.h"

#include <errno.h>
#include <limits.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Skips a byte order mark and a first line that begins with '#' (its newline stays, so that line numbers are
// unchanged).
Str loader_skip_head(Str text) {
  if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_sub(text, 3, text.len);
  if (!str_starts(text, STR("#"))) return text;
  ptrdiff_t newline = str_find(text, STR("\n"));
  return newline < 0 ? STR("") : str_sub(text, (size_t)newline, text.len);
}

// Adds the file to an error of the parser that names none ("C stack overflow"), and to others what is meant.
static int raise_in(lua_State *L, const char *path) {
  const char *why = lua_tostring(L, -1);
  const char *hint = why ? syntax_hint(why) : NULL;
  if (why && !strchr(why, ':')) lua_pushfstring(L, "%s: %s", path, why);
  if (hint) lua_pushfstring(L, "%s; %s", why, hint);
  return lua_error(L);
}

// Pushes the chunk of `text`; raises if it does not parse.
static void load_text(lua_State *L, const char *path, Str text) {
  Str code = loader_skip_head(text);
  lua_pushfstring(L, "@%s", path);
  if (load_buffer(L, code, lua_tostring(L, -1)) != LUA_OK) raise_in(L, path);
  lua_remove(L, -2);
}

__attribute__((format(printf, 2, 3))) static void warn(Interpreter *in, const char *format, ...) {
  char what[PATH_MAX + 256];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  if (in->options.odd_file) in->options.odd_file(in->options.odd_file_ctx, what);
  else log_warn("%s", what);
}

// Warns of bytes that are not UTF-8: Lua accepts them, but the platform gets U+FFFD in their place.
static void warn_of_bytes(Interpreter *in, const char *path, Str text) {
  int line = 1;
  bool valid = true;
  for (Str rest = text; rest.len > 0;) {
    size_t len = str_utf8_len(rest, &valid);
    if (!valid) break;
    line += rest.ptr[0] == '\n';
    rest = str_sub(rest, len, rest.len);
  }
  if (!valid)
    warn(in,
         "%s:%d: this is not UTF-8 (GBK?), and users would read \uFFFD in its place: save the file "
         "as UTF-8",
         path, line);
}

// Warns of a file mounted singly into a container: such a file stays unchanged when it is replaced outside.
static void warn_of_old_file(Interpreter *in, const char *path) {
  struct stat info;
  if (stat(path, &info) == 0 && info.st_nlink == 0)
    warn(in,
         "%s was replaced outside of the container, where the old file is still mounted: mount its "
         "folder, or restart the container",
         path);
}

void loader_load(lua_State *L, const char *path) {
  Interpreter *in = interpreter_of(L);
  Sources *sources = in->sources;
  const Str *source = sources_given(sources, path);
  if (!source) {
    Buf text;
    buf_init(&text);
    if (file_append(path, FILE_SOURCE_MAX, &text))
      source = sources_keep(sources, path, buf_str(&text));
    int failed = errno;
    if (source) warn_of_bytes(in, path, *source);
    if (source) warn_of_old_file(in, path);
    buf_clear(&text);
    if (!source) raise(L, "cannot read %s: %s", path, strerror(failed));
  }
  load_text(L, path, *source);
}

bool loader_set_script(Interpreter *in, const char *path) {
  Str folder = file_folder(path);
  free(in->folder);
  in->folder = strndup(folder.ptr, folder.len);
  return in->folder && sources_track(in->sources, path);
}

// ---- require ------------------------------------------------------------------------------------

// Returns a searcher's results: the chunk and its path.
static int found(lua_State *L, const char *path) {
  lua_pushstring(L, path);
  return 2;
}

// Returns whether an embedded file calls `require`. Its modules are embedded too, and it may require them long after
// the load, which must not look like a change of the script's files.
static bool asks_for_own(lua_State *L) {
  lua_Debug ar;
  return lua_getstack(L, 2, &ar) && lua_getinfo(L, "S", &ar) && place_is_own(L, ar.short_src);
}

// The tree of LuaRocks, with third-party modules.
#define TREE "lua_modules/"

static const char *const beside[] = {
  "%s%s.lua",
  "%s%s/init.lua",
  "%s" TREE "share/lua/5.4/%s.lua",
  "%s" TREE "share/lua/5.4/%s/init.lua",
};

enum { BESIDE_COUNT = sizeof beside / sizeof *beside };

// Pushes in one line what was searched for beside the script.
static int name_missing(lua_State *L, const Interpreter *in, const char *name) {
  lua_pushfstring(L, "no %s.lua and no %s/init.lua beside the script (%s), nor in its %s", name,
                  name, in->folder[0] ? in->folder : "./", TREE "share/lua/5.4");
  return 1;
}

// Searches beside the script. Notes all paths, also of missing files, because a module that appears later must take
// effect.
static int search_beside(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
  if (!in->folder || asks_for_own(L)) return 0;
  for (int i = 0; i < BESIDE_COUNT; i++) {
    const char *path = lua_pushfstring(L, beside[i], in->folder, name);
    if (!sources_track(in->sources, path)) raise_no_memory(L);
    if (!sources_given(in->sources, path) && access(path, F_OK) != 0) continue;
    loader_load(L, path);
    return found(L, path);
  }
  return name_missing(L, in, name);
}

// The folder of a template such as "/usr/share/lua/5.4/?/init.lua".
static Str folder_of(Str template) {
  ptrdiff_t mark = str_find(template, STR("?"));
  return mark < 0 ? template : str_sub(template, 0, (size_t)mark);
}

// Whether the template before in the path has the same folder.
static bool is_named(Str path, size_t at, Str folder) {
  for (Str one, before = str_sub(path, 0, at); before.len > 0;) {
    str_cut(before, ';', &one, &before);
    if (str_eq(folder_of(one), folder)) return true;
  }
  return false;
}

// Pushes "no WHAT in FOLDER, FOLDER" for a missing module: the paths themselves would be too many to be read, and too
// long for an error. `field` is package.path or package.cpath.
static int name_folders(lua_State *L, const char *field, const char *what) {
  lua_getfield(L, lua_upvalueindex(1), field);
  Str path = str_of(lua_tostring(L, -1)), template, rest = path;
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  luaL_addstring(&text, what);
  while (rest.len > 0) {
    size_t at = path.len - rest.len;
    str_cut(rest, ';', &template, &rest);
    Str folder = folder_of(template);
    if (is_named(path, at, folder)) continue;
    luaL_addstring(&text, at == 0 ? " in " : ", ");
    luaL_addlstring(&text, folder.ptr, folder.len);
  }
  luaL_pushresult(&text);
  return 1;
}

// Returns the path of a module along a field of package, upvalue 1; NULL if there is none.
static const char *search_along(lua_State *L, const char *field) {
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), field) != LUA_TSTRING)
    raise(L, "'package.%s' must be a string", field);
  lua_call(L, 2, 2);
  return lua_tostring(L, -2);
}

// Searches along package.path. Notes the paths too, and loads only text, no bytecode.
static int search_path(lua_State *L) {
  luaL_checkstring(L, 1);
  if (asks_for_own(L)) return 0;
  const char *path = search_along(L, "path");
  if (!path) return name_folders(L, "path", "no such file");
  if (!sources_track(interpreter_of(L)->sources, path)) raise_no_memory(L);
  loader_load(L, path);
  return found(L, path);
}

// Lua's own two searchers for C modules, upvalues 2 and 3, without their lists of the paths that were tried.
static int search_c(lua_State *L) {
  for (int i = 2; i <= 3; i++) {
    lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 2);
    if (lua_isfunction(L, -2)) return 2;
  }
  return name_folders(L, "cpath", "no C library");
}

// Replaces the search for C modules, along package.cpath, a field of upvalue 1. Raises if there is such a module: in
// the list of all the paths where no Lua module was found nobody would see why this one is not loaded.
static int refuse_c(lua_State *L) {
  const char *path = search_along(L, "cpath");
  if (path)
    raise(L, "module '%s' is a C library (%s): C libraries need allow_shell = true",
          lua_tostring(L, 1), path);
  lua_pushliteral(L, "no C library is searched for: allow_shell = false");
  return 1;
}

static int l_loadlib(lua_State *L) {
  luaL_pushfail(L);
  lua_pushliteral(L, "package.loadlib is refused: C libraries need allow_shell = true");
  lua_pushliteral(L, "absent");
  return 3;
}

bool loader_is_foreign(lua_State *L, const char *source) {
  const Interpreter *in = interpreter_of(L);
  if (source[0] != '@' || !in->folder || place_is_own(L, source + 1)) return false;
  Str path = str_of(source + 1), folder = str_of(in->folder);
  if (folder.len == 0 ? str_starts(path, STR("/")) : !str_starts(path, folder)) return true;
  return str_starts(str_sub(path, folder.len, path.len), STR(TREE));
}

static int search_embedded(lua_State *L) {
  const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
  const char *path = lua_pushfstring(L, "%s.lua", name);
  if (embedded_load(L, path)) return found(L, path);
  path = lua_pushfstring(L, "%s/init.lua", name);
  if (embedded_load(L, path)) return found(L, path);
  lua_pushliteral(L,
                  "no module of wemoon's own by that name: there are wechat.bot and wechat.model");
  return 1;
}

static void set_searcher(lua_State *L, int package, lua_Integer i, lua_CFunction searcher) {
  lua_pushvalue(L, package);
  lua_pushcclosure(L, searcher, 1);
  lua_rawseti(L, -2, i);
}

// Lua's own names itself for each module that is missing, though hardly a script fills package.preload. The first
// searcher: it hears of every module that is not loaded.
static int search_preload(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  require_cycle_check(L, name);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  if (lua_getfield(L, -1, name) == LUA_TNIL) return 0;
  lua_pushliteral(L, ":preload:");
  return 2;
}

// Pushes the searcher of C modules, made of Lua's own two, the third and fourth of package.searchers.
static void push_search_c(lua_State *L, int package) {
  lua_getfield(L, package, "searchers");
  lua_pushvalue(L, package);
  lua_rawgeti(L, -2, 3);
  lua_rawgeti(L, -3, 4);
  lua_pushcclosure(L, search_c, 3);
  lua_remove(L, -2);
}

// package.searchers: preload, beside the script, wemoon's own, package.path, C modules.
void loader_open(lua_State *L, bool allow_c) {
  lua_getglobal(L, LUA_LOADLIBNAME);
  int package = lua_gettop(L);
  push_search_c(L, package);
  lua_getfield(L, package, "searchers");
  set_searcher(L, package, 1, search_preload);
  set_searcher(L, package, 2, search_beside);
  set_searcher(L, package, 3, search_embedded);
  set_searcher(L, package, 4, search_path);
  if (allow_c) {
    lua_pushvalue(L, package + 1);
    lua_rawseti(L, -2, 5);
  } else {
    set_searcher(L, package, 5, refuse_c);
    lua_pushcfunction(L, l_loadlib);
    lua_setfield(L, package, "loadlib");
  }
  lua_settop(L, package - 1);
}
