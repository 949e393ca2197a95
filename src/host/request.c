// Reads the parts of an HTTP request from Lua tables.
#include "host/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine/method.h"
#include "engine/boxed.h"
#include "engine/lua_helpers.h"
#include "engine/value.h"

enum { REQUEST = 1, DATA_IN_MEMORY_MAX = 1 << 20, FILES_MAX = 32 };

// Raises for wrong arguments, with the method's name and the line of its caller.
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

static Str dup_str(lua_State *L, Arena *arena, Str s) {
  Str copy = arena_dup(arena, s);
  if (!copy.ptr) raise_no_memory(L);
  return copy;
}

// Pops the value on top and returns it as text, in the arena.
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
      text = dup_str(L, arena, buf_str(json));
      boxed_close(L, -1);
      lua_pop(L, 2);
      return text;
    }
    default:
      fault(L, "%s.%s is a %s (string, number, boolean or table expected)", where, name,
            luaL_typename(L, -1));
  }
  text = dup_str(L, arena, text);
  lua_pop(L, 1);
  return text;
}

Str request_string(lua_State *L, int index, const char *name, Arena *arena) {
  int type = lua_getfield(L, index, name);
  Str text = { 0 };
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    // It converts the number on the stack, not the one in the table.
    text.ptr = lua_tolstring(L, -1, &text.len);
    text = dup_str(L, arena, text);
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

static void release_buf(void *buf) { buf_clear(buf); }

bool request_body(lua_State *L, int index, Arena *arena, Str *body) {
  int type = lua_getfield(L, index, "body");
  Err err = { 0 };
  if (type == LUA_TSTRING) {
    body->ptr = lua_tolstring(L, -1, &body->len);
    *body = dup_str(L, arena, *body);
  } else if (type != LUA_TNIL) {
    Buf *json = arena_calloc(arena, 1, sizeof *json);
    if (!json || !arena_on_free(arena, release_buf, json)) raise_no_memory(L);
    if (!value_to_json(L, lua_gettop(L), json, &err)) fault(L, "body: %s", err.text);
    *body = buf_str(json);
  }
  lua_pop(L, 1);
  return type != LUA_TNIL;
}

static void add(lua_State *L, Pairs *pairs, Arena *arena, Str name, Str value) {
  if (!pairs_add(pairs, arena, name, value)) raise_no_memory(L);
}

// Reads a list { { name, value }, ... } on top of the stack.
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
  return str_compare((*x)->name, (*y)->name);
}

// Sorts the pairs by name, so that equal requests are equal byte for byte: Lua traverses tables in no fixed order.
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
    name = dup_str(L, arena, name);
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

static void close_file(void *fd) { close((int)(intptr_t)fd); }

// Makes the arena close the descriptor when it is freed.
static int hold(lua_State *L, Arena *arena, int fd) {
  if (arena_on_free(arena, close_file, (void *)(intptr_t)fd)) return fd;
  close(fd);
  raise_no_memory(L);
}

static const char *kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

void request_push_file_fault(lua_State *L, int fd) {
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) lua_pushfstring(L, "cannot be opened: %s", strerror(errno));
  else if (!S_ISREG(info.st_mode))
    lua_pushfstring(L, "is %s: only a file whose length is known can be sent",
                    kind_of(info.st_mode));
  else lua_pushnil(L);
}

static void check_regular(lua_State *L, Str field, const char *path, int fd) {
  request_push_file_fault(L, fd);
  if (!lua_isnil(L, -1)) fault(L, "%s: %s %s", field.ptr, path, lua_tostring(L, -1));
  lua_pop(L, 1);
}

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

DoorKind request_kind(lua_State *L, const char *name, Str other) {
  if (!lua_istable(L, 1)) return DOOR_ACTS;
  bool named = lua_getfield(L, 1, name) == LUA_TSTRING;
  Str verb = named ? lua_str(L, -1) : STR("GET");
  DoorKind kind = str_eq(verb, STR("GET")) || str_eq(verb, other) ? DOOR_READS : DOOR_ACTS;
  lua_pop(L, 1);
  return kind;
}

int request_open(Str path) {
  if (!memchr(path.ptr, 0, path.len))
    return open(path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  errno = ENOENT;
  return -1;
}

static void open_path(lua_State *L, ClientPart *part, Arena *arena, Str path) {
  int fd = request_open(path);
  if (fd >= 0) hold(L, arena, fd);
  check_regular(L, part->name, path.ptr, fd);
  part->fd = fd;
  if (part->filename.len == 0) part->filename = base_name(path);
}

// Sends an open Lua file from its current position to its end. Flushes it first. Its default name is the one by which
// it was opened.
static void open_stream(lua_State *L, ClientPart *part, luaL_Stream *stream, Arena *arena) {
  if (!stream->closef) fault(L, "%s: the file is closed", part->name.ptr);
  fflush(stream->f);
  long at = ftell(stream->f);
  int fd = at < 0 ? -1 : fcntl(fileno(stream->f), F_DUPFD_CLOEXEC, 3);
  if (fd < 0) fault(L, "%s: a pipe cannot be sent: its length is not known", part->name.ptr);
  part->fd = hold(L, arena, fd);
  check_regular(L, part->name, "the open file", fd);
  lseek(fd, at, SEEK_SET);
  char path[REQUEST_PATH_MAX];
  if (part->filename.len == 0) part->filename = dup_str(L, arena, request_file_name(fd, path));
}

// Sends bytes. More than DATA_IN_MEMORY_MAX bytes go through a temporary file, so that they are not in memory twice, in
// Lua and here, as long as they are sent.
static void take_data(lua_State *L, ClientPart *part, Arena *arena, Str data) {
  if (data.len <= DATA_IN_MEMORY_MAX) {
    part->data = dup_str(L, arena, data);
    return;
  }
  Err err = { 0 };
  int fd = client_temp_file(&err);
  if (fd < 0) fault(L, "%s: %s", part->name.ptr, err.text);
  part->fd = hold(L, arena, fd);
  for (size_t done = 0; done < data.len;) {
    ssize_t n = write(fd, data.ptr + done, data.len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      fault(L, "%s: a temporary file cannot be written: %s", part->name.ptr, strerror(errno));
    done += (size_t)n;
  }
  lseek(fd, 0, SEEK_SET);
}

// Reads the entry of `files` on top of the stack.
static void read_file(lua_State *L, ClientPart *part, Arena *arena) {
  int entry = lua_gettop(L);
  part->fd = -1;
  part->name = request_string(L, entry, "field", arena);
  part->filename = request_string(L, entry, "filename", arena);
  part->content_type = request_string(L, entry, "content_type", arena);
  if (part->name.len == 0) fault(L, "files: an entry has no field");
  Str path = request_string(L, entry, "path", arena);
  if (path.len) {
    open_path(L, part, arena, path);
  } else if (lua_getfield(L, entry, "file") != LUA_TNIL) {
    open_stream(L, part, luaL_checkudata(L, -1, LUA_FILEHANDLE), arena);
  } else if (lua_getfield(L, entry, "data") == LUA_TSTRING) {
    Str data;
    data.ptr = lua_tolstring(L, -1, &data.len);
    take_data(L, part, arena, data);
  } else {
    fault(L, "files.%s has neither path nor file nor data", part->name.ptr);
  }
  if (part->filename.len == 0) part->filename = STR("file");
  lua_settop(L, entry);
}

static ClientPart *add_part(lua_State *L, Arena *arena, ClientPart ***last) {
  ClientPart *part = arena_calloc(arena, 1, sizeof *part);
  if (!part) raise_no_memory(L);
  **last = part;
  *last = &part->next;
  return part;
}

const ClientPart *request_parts(lua_State *L, int index, const Pairs *fields, Arena *arena) {
  ClientPart *first = NULL, **last = &first;
  for (const Pair *pair = fields ? fields->first : NULL; pair; pair = pair->next) {
    ClientPart *part = add_part(L, arena, &last);
    part->name = pair->name;
    part->data = pair->value;
    part->fd = -1;
  }
  int type = lua_getfield(L, index, "files");
  if (type != LUA_TNIL && type != LUA_TTABLE)
    fault(L, "files is a %s (table expected)", luaL_typename(L, -1));
  lua_Integer count = type == LUA_TTABLE ? luaL_len(L, -1) : 0;
  if (count > FILES_MAX) fault(L, "files: more than %d", FILES_MAX);
  for (lua_Integer i = 1; i <= count; i++) {
    if (lua_rawgeti(L, -1, i) != LUA_TTABLE) fault(L, "files must list tables");
    read_file(L, add_part(L, arena, &last), arena);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return first;
}

// ---- requests to any address --------------------------------------------------------------------

// Whether the method is idempotent (RFC 9110 §9.2.2).
static bool is_repeatable(Str method) {
  static const Str methods[] = { STR("GET"),    STR("HEAD"),    STR("PUT"),
                                 STR("DELETE"), STR("OPTIONS"), STR("TRACE") };
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    if (str_eq(method, methods[i])) return true;
  }
  return false;
}

void request_http(lua_State *L, int index, Arena *arena, ClientRequest *request) {
  request->method = request_string(L, index, "method", arena);
  if (request->method.len == 0) request->method = STR("GET");
  request->url = request_string(L, index, "url", arena);
  request->headers = request_pairs(L, index, "headers", arena);
  request->follow = request_boolean(L, index, "follow");
  request->repeatable = is_repeatable(request->method);
  request->parts = request_parts(L, index, request_pairs(L, index, "fields", arena), arena);
  request->has_body = request_body(L, index, arena, &request->body);
}
