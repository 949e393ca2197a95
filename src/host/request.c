// From Lua tables to the pieces of a request.
#include "host/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "engine/method.h"
#include "engine/boxed.h"
#include "engine/luaish.h"
#include "engine/value.h"

enum { REQUEST = 1, DATA_IN_MEMORY_MAX = 1 << 20, FILES_MAX = 32 };

// Misuse, told with the method's name and the line of its caller.
noreturn static void fault(lua_State *L, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = lua_pushvfstring(L, format, args);
  va_end(args);
  if (lua_getfield(L, REQUEST, "what") == LUA_TSTRING)
    method_raise(L, "%s: %s", lua_tostring(L, -1), text);
  lua_getfield(L, REQUEST, "method");
  const char *method = lua_tostring(L, -1);
  method_raise(L, "wechat.%s: %s", method ? method : "?", text);
}

static Str keep(lua_State *L, Arena *arena, Str s) {
  Str copy = arena_dup(arena, s);
  if (!copy.ptr) raise_no_memory(L);
  return copy;
}

// The value on top as text, in the arena; pops it.
static Str take_text(lua_State *L, Arena *arena, const char *where, const char *name) {
  Str text = { 0 };
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
    case LUA_TNUMBER: text.ptr = lua_tolstring(L, -1, &text.len); break;
    case LUA_TBOOLEAN: text = lua_toboolean(L, -1) ? STR("true") : STR("false"); break;
    case LUA_TTABLE: {
      Err err;
      Buf *json = boxed_buf(L);
      if (!value_to_json(L, lua_gettop(L) - 1, json, &err))
        fault(L, "%s.%s: %s", where, name, err.text);
      text = keep(L, arena, buf_str(json));
      boxed_close(L, -1);
      lua_pop(L, 2);
      return text;
    }
    default:
      fault(L, "%s.%s is a %s (string, number, boolean or table expected)", where, name,
            luaL_typename(L, -1));
  }
  text = keep(L, arena, text);
  lua_pop(L, 1);
  return text;
}

Str request_string(lua_State *L, int index, const char *name, Arena *arena) {
  int type = lua_getfield(L, index, name);
  Str text = { 0 };
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    lua_pushvalue(L, -1);
    text.ptr = lua_tolstring(L, -1, &text.len);
    text = keep(L, arena, text);
    lua_pop(L, 1);
  } else if (type != LUA_TNIL) {
    fault(L, "%s is a %s (string expected)", name, luaL_typename(L, -1));
  }
  lua_pop(L, 1);
  return text;
}

bool request_boolean(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

int64_t request_ms(lua_State *L, int index, const char *name, int64_t fallback) {
  if (lua_getfield(L, index, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return fallback;
  }
  int is_number;
  lua_Number seconds = lua_tonumberx(L, -1, &is_number);
  if (!is_number || !(seconds > 0 && seconds < 1e9))
    fault(L, "%s must be a positive number of seconds", name);
  lua_pop(L, 1);
  int64_t ms = (int64_t)(seconds * 1000);
  return ms ? ms : 1;
}

static void add(lua_State *L, Pairs *pairs, Arena *arena, Str name, Str value) {
  if (!pairs_add(pairs, arena, name, value)) raise_no_memory(L);
}

// { { name, value }, ... } at the top.
static void read_list(lua_State *L, Pairs *pairs, Arena *arena, const char *where) {
  lua_Integer count = luaL_len(L, -1);
  for (lua_Integer i = 1; i <= count; i++) {
    if (lua_rawgeti(L, -1, i) != LUA_TTABLE) fault(L, "%s must list { name, value } pairs", where);
    lua_rawgeti(L, -1, 1);
    Str name = take_text(L, arena, where, "name");
    lua_rawgeti(L, -1, 2);
    add(L, pairs, arena, name, take_text(L, arena, where, name.ptr));
    lua_pop(L, 1);
  }
}

static int compare(const void *a, const void *b) {
  const Pair *const *x = a, *const *y = b;
  size_t len = (*x)->name.len < (*y)->name.len ? (*x)->name.len : (*y)->name.len;
  int order = memcmp((*x)->name.ptr, (*y)->name.ptr, len);
  return order ? order : ((*x)->name.len > (*y)->name.len) - ((*x)->name.len < (*y)->name.len);
}

// Lua lists tables in no order; equal requests should look equal.
static void sort(lua_State *L, Pairs *pairs, Arena *arena) {
  size_t count = 0;
  Pair **all = arena_alloc(arena, (pairs->count + 1) * sizeof *all);
  if (!all) raise_no_memory(L);
  for (Pair *pair = pairs->first; pair; pair = pair->next) all[count++] = pair;
  if (count < 2) return;
  qsort(all, count, sizeof *all, compare);
  for (size_t i = 0; i < count; i++) all[i]->next = i + 1 < count ? all[i + 1] : NULL;
  pairs->first = all[0];
  pairs->last = all[count - 1];
}

static void read_map(lua_State *L, Pairs *pairs, Arena *arena, const char *where) {
  for (lua_pushnil(L); lua_next(L, -2);) {
    if (lua_type(L, -2) != LUA_TSTRING)
      fault(L, "%s has a key that is a %s (string expected)", where, luaL_typename(L, -2));
    Str name;
    name.ptr = lua_tolstring(L, -2, &name.len);
    name = keep(L, arena, name);
    add(L, pairs, arena, name, take_text(L, arena, where, name.ptr));
  }
  sort(L, pairs, arena);
}

const Pairs *request_pairs(lua_State *L, int index, const char *name, Arena *arena) {
  int type = lua_getfield(L, index, name);
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return NULL;
  }
  if (type != LUA_TTABLE) fault(L, "%s is a %s (table expected)", name, luaL_typename(L, -1));
  Pairs *pairs = arena_calloc(arena, 1, sizeof *pairs);
  if (!pairs) raise_no_memory(L);
  if (lua_rawlen(L, -1) > 0) read_list(L, pairs, arena, name);
  else read_map(L, pairs, arena, name);
  lua_pop(L, 1);
  return pairs;
}

// ---- files --------------------------------------------------------------------------------------

typedef struct {
  int count, fds[FILES_MAX];
} Files;

static int l_close_files(lua_State *L) {
  Files *files = lua_touserdata(L, 1);
  while (files->count) close(files->fds[--files->count]);
  return 0;
}

static Files *push_files(lua_State *L) {
  Files *files = lua_newuserdatauv(L, sizeof *files, 0);
  files->count = 0;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_close_files);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return files;
}

static int hold(Files *files, int fd) { return files->fds[files->count++] = fd; }

static Str base_name(Str path) {
  size_t at = path.len;
  while (at > 0 && path.ptr[at - 1] != '/') at--;
  return str_sub(path, at, path.len);
}

Str request_file_name(int fd, char path[REQUEST_PATH_MAX]) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, REQUEST_PATH_MAX);
  return len > 0 && path[0] == '/' ? base_name(str_make(path, (size_t)len)) : (Str){ 0 };
}

static void open_path(lua_State *L, ClientPart *part, Files *files, Str path) {
  int fd = memchr(path.ptr, 0, path.len) ? -1 : open(path.ptr, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fault(L, "%s: %s cannot be read: %s", part->name.ptr, path.ptr, strerror(errno));
  part->fd = hold(files, fd);
  if (part->filename.len == 0) part->filename = base_name(path);
}

// From where the file stands to its end; what Lua has written but not flushed goes out too. The name is the
// one it was opened by.
static void open_stream(lua_State *L, ClientPart *part, Files *files, luaL_Stream *stream,
                        Arena *arena) {
  if (!stream->closef) fault(L, "%s: the file is closed", part->name.ptr);
  fflush(stream->f);
  long at = ftell(stream->f);
  int fd = at < 0 ? -1 : fcntl(fileno(stream->f), F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    fault(L, "%s: this file is none that can be sent (a pipe has no length)", part->name.ptr);
  part->fd = hold(files, fd);
  lseek(fd, at, SEEK_SET);
  char path[REQUEST_PATH_MAX];
  if (part->filename.len == 0) part->filename = keep(L, arena, request_file_name(fd, path));
}

// Many bytes go through a file: Lua has them already, and they should not be in memory twice for as long as
// they are sent.
static void take_data(lua_State *L, ClientPart *part, Files *files, Str data) {
  if (data.len <= DATA_IN_MEMORY_MAX) {
    part->data = data;
    return;
  }
  Err err = { 0 };
  int fd = client_temp_file(&err);
  if (fd < 0) fault(L, "%s: %s", part->name.ptr, err.text);
  hold(files, fd);
  for (size_t done = 0; done < data.len;) {
    ssize_t n = write(fd, data.ptr + done, data.len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      fault(L, "%s: a temporary file cannot be written: %s", part->name.ptr, strerror(errno));
    done += (size_t)n;
  }
  lseek(fd, 0, SEEK_SET);
  part->fd = fd;
}

// The entry on top of the stack. Strings in it stay: the caller's table holds them.
static void read_file(lua_State *L, ClientPart *part, Files *files, Arena *arena) {
  int entry = lua_gettop(L);
  part->fd = -1;
  part->name = request_string(L, entry, "field", arena);
  part->filename = request_string(L, entry, "filename", arena);
  part->content_type = request_string(L, entry, "content_type", arena);
  if (part->name.len == 0) fault(L, "files: an entry has no field");
  if (files->count >= FILES_MAX) fault(L, "files: more than %d", FILES_MAX);
  Str path = request_string(L, entry, "path", arena);
  if (path.len) {
    open_path(L, part, files, path);
  } else if (lua_getfield(L, entry, "file") != LUA_TNIL) {
    open_stream(L, part, files, luaL_checkudata(L, -1, LUA_FILEHANDLE), arena);
  } else if (lua_getfield(L, entry, "data") == LUA_TSTRING) {
    Str data;
    data.ptr = lua_tolstring(L, -1, &data.len);
    take_data(L, part, files, data);
  } else {
    fault(L, "files.%s has neither path nor file nor data", part->name.ptr);
  }
  if (part->filename.len == 0) part->filename = STR("file");
  lua_settop(L, entry);
}

const ClientPart *request_parts(lua_State *L, int index, const Pairs *fields, Arena *arena) {
  ClientPart *first = NULL, **last = &first;
  for (const Pair *pair = fields ? fields->first : NULL; pair; pair = pair->next) {
    ClientPart *part = *last = arena_calloc(arena, 1, sizeof *part);
    if (!part) raise_no_memory(L);
    *part = (ClientPart){ .name = pair->name, .data = pair->value, .fd = -1 };
    last = &part->next;
  }
  int type = lua_getfield(L, index, "files");
  if (type != LUA_TNIL && type != LUA_TTABLE)
    fault(L, "files is a %s (table expected)", luaL_typename(L, -1));
  if (type == LUA_TTABLE) {
    Files *files = push_files(L);
    lua_insert(L, -2);
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
      if (lua_rawgeti(L, -1, i) != LUA_TTABLE) fault(L, "files must list tables");
      ClientPart *part = *last = arena_calloc(arena, 1, sizeof *part);
      if (!part) raise_no_memory(L);
      read_file(L, part, files, arena);
      last = &part->next;
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return first;
}
