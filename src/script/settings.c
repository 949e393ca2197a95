// Reads settings files: Lua code in a small separate state, on a thread that is left behind if nothing can stop it.
#include "script/settings.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mutex.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  MEMORY_MAX = 128 * 1024 * 1024,
  CPU_MAX_US = 1000000,
  SLACK_US = 300000,  // so much later than CPU_MAX_US the hook has ended what it can end
  LOOK_US = 100000,
  HOOK_EVERY = 1000,
  SETTINGS_MAX = 1000,  // each is compared with those before it, where no hook runs
  NAMES_MAX = 100,      // likewise
  NAME_LONGEST = 100
};

// A thread that is left behind keeps it, and frees it if it ever ends: it shares nothing with the caller.
typedef struct {
  char *path;
  Arena *arena;
  Setting *first;
  int count;
  SettingName *undefined;
  int undefined_count;
  size_t memory;
  int64_t cpu_end_us;
  bool over;  // time
  bool ok;
  Err err;
  pthread_mutex_t mutex;  // of what follows
  pthread_cond_t changed;
  bool ended;
  bool left_behind;
} Reader;

static void *allocate(void *ctx, void *block, size_t old_size, size_t new_size) {
  Reader *reader = ctx;
  if (!block) old_size = 0;
  if (new_size > old_size && reader->memory - old_size + new_size > MEMORY_MAX) return NULL;
  void *moved = NULL;
  if (new_size == 0) free(block);
  else if (!(moved = realloc(block, new_size))) return NULL;
  reader->memory += new_size - old_size;
  return moved;
}

static Reader *reader_of(lua_State *L) { return *(Reader **)lua_getextraspace(L); }

// Raises a memory error, for which Lua calls no message handler of the file; every further instruction raises it again,
// so pcall does not help either.
static void hook(lua_State *L, lua_Debug *ar) {
  Reader *reader = reader_of(L);
  if (!reader->over && clock_thread_cpu_us() < reader->cpu_end_us) return;
  reader->over = true;
  lua_sethook(L, hook, LUA_MASKCOUNT, 1);
  lua_pushliteral(L, "not enough memory");
  lua_error(L);
}

static SettingKind kind_of(lua_State *L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING: return SETTING_STRING;
    case LUA_TBOOLEAN: return SETTING_BOOLEAN;
    case LUA_TNUMBER: return lua_isinteger(L, index) ? SETTING_INTEGER : SETTING_NUMBER;
    default: return SETTING_OTHER;
  }
}

static Str text_of(lua_State *L, int index) {
  Str text = { 0 };
  if (kind_of(L, index) == SETTING_OTHER) return text;
  text.ptr = luaL_tolstring(L, index, &text.len);
  return text;
}

static Str copy(lua_State *L, Str text) {
  Str kept = arena_dup(reader_of(L)->arena, text);
  if (!kept.ptr) luaL_error(L, "no memory");
  return kept;
}

static bool is_before(Str a, Str b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
  return order < 0 || (order == 0 && a.len < b.len);
}

static void insert_sorted(Setting **first, Setting *setting) {
  while (*first && is_before((*first)->key, setting->key)) first = &(*first)->next;
  setting->next = *first;
  *first = setting;
}

static int refuse_key(lua_State *L, const char *path) {
  if (lua_type(L, -2) != LUA_TNUMBER)
    return luaL_error(L, "%s: a key is a %s: keys must be names", path, luaL_typename(L, -2));
  lua_pushvalue(L, -2);
  return luaL_error(L, "%s: entry %s has no name: write name = value", path, lua_tostring(L, -1));
}

static void add_setting(lua_State *L) {
  Reader *reader = reader_of(L);
  if (lua_type(L, -2) != LUA_TSTRING) refuse_key(L, reader->path);
  if (++reader->count > SETTINGS_MAX)
    luaL_error(L, "%s: it has more than %d entries", reader->path, SETTINGS_MAX);
  Setting *setting = arena_calloc(reader->arena, 1, sizeof *setting);
  if (!setting) luaL_error(L, "no memory");
  Str key;
  key.ptr = lua_tolstring(L, -2, &key.len);
  int value = lua_gettop(L);
  setting->key = copy(L, key);
  setting->kind = kind_of(L, value);
  setting->type_name = luaL_typename(L, value);
  setting->text = copy(L, text_of(L, value));
  lua_settop(L, value);
  insert_sorted(&reader->first, setting);
}

static void remove_exit(lua_State *L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  lua_pushnil(L);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
}

// ---- names that are not defined -----------------------------------------------------------------

static bool is_noted(const SettingName *name, Str text) {
  while (name && !str_eq(name->text, text)) name = name->next;
  return name != NULL;
}

// Names that find no place are not told, which leaves them what they are in Lua: nil.
static void note(Reader *reader, Str text) {
  if (text.len > NAME_LONGEST || reader->undefined_count >= NAMES_MAX) return;
  if (is_noted(reader->undefined, text)) return;
  SettingName *name = arena_calloc(reader->arena, 1, sizeof *name);
  if (!name || !(name->text = arena_dup(reader->arena, text)).ptr) return;
  name->next = reader->undefined;
  reader->undefined = name;
  reader->undefined_count++;
}

// __index of the globals. It raises nothing: files ask for names that may be missing in many ways.
static int note_undefined(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  Str name;
  name.ptr = lua_tolstring(L, 2, &name.len);
  note(reader_of(L), name);
  return 0;
}

static void watch_globals(lua_State *L) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, note_undefined);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

static bool is_defined(lua_State *L, Str name) {
  lua_pushglobaltable(L);
  lua_pushlstring(L, name.ptr, name.len);
  bool is = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return is;
}

// Drops the names that the file has defined since it read them.
static void drop_defined(lua_State *L, SettingName **link) {
  while (*link) {
    if (is_defined(L, (*link)->text)) *link = (*link)->next;
    else link = &(*link)->next;
  }
}

static int read_table(lua_State *L) {
  const char *path = reader_of(L)->path;
  luaL_openlibs(L);
  remove_exit(L);
  watch_globals(L);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  if (!lua_istable(L, -1)) {
    return luaL_error(L, "%s returns %s, not a table: end it with return { key = value, ... }",
                      path, lua_isnil(L, -1) ? "nothing" : luaL_typename(L, -1));
  }
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) add_setting(L);
  drop_defined(L, &reader_of(L)->undefined);
  return 0;
}

// Runs in protected mode, because the error may be a value with its own __tostring.
static int error_text(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

static bool refuse_endless(const char *path, Err *err) {
  return err_set(err, ERR_USAGE, "%s: it ran for %d s without returning", path,
                 CPU_MAX_US / 1000000);
}

static void explain(lua_State *L, Reader *reader) {
  Err *err = &reader->err;
  if (reader->over) {
    refuse_endless(reader->path, err);
    return;
  }
  lua_pushcfunction(L, error_text);
  lua_insert(L, -2);
  const char *text = lua_pcall(L, 1, 1, 0) == LUA_OK ? lua_tostring(L, -1) : NULL;
  if (!text) text = "an error that has no text";
  if (strstr(text, reader->path)) err_set(err, ERR_USAGE, "%s", text);
  else err_set(err, ERR_USAGE, "%s: %s", reader->path, text);
}

static bool run(Reader *reader) {
  reader->cpu_end_us = clock_thread_cpu_us() + CPU_MAX_US;
  lua_State *L = lua_newstate(allocate, reader);
  if (!L) return err_set(&reader->err, ERR_MEMORY, "no memory to read %s", reader->path);
  *(Reader **)lua_getextraspace(L) = reader;
  lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_EVERY);
  lua_pushcfunction(L, read_table);
  bool ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
  if (!ok) explain(L, reader);
  lua_close(L);
  return ok;
}

// ---- the thread ---------------------------------------------------------------------------------

static void reader_free(Reader *reader) {
  pthread_cond_destroy(&reader->changed);
  pthread_mutex_destroy(&reader->mutex);
  arena_free(reader->arena);
  free(reader->path);
  free(reader);
}

static void *run_and_tell(void *arg) {
  Reader *reader = arg;
  reader->ok = run(reader);
  pthread_mutex_lock(&reader->mutex);
  reader->ended = true;
  bool left_behind = reader->left_behind;
  pthread_cond_signal(&reader->changed);
  pthread_mutex_unlock(&reader->mutex);
  if (left_behind) reader_free(reader);
  return NULL;
}

// Whether the thread is in a call in which Lua calls no hook: a finalizer, a pattern.
static bool is_stuck(pthread_t thread) {
  clockid_t clock;
  struct timespec used;
  return pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &used) == 0 &&
         used.tv_sec * INT64_C(1000000) + used.tv_nsec / 1000 > CPU_MAX_US + SLACK_US;
}

static bool wait_for_end(Reader *reader, pthread_t thread) {
  pthread_mutex_lock(&reader->mutex);
  while (!reader->ended && !is_stuck(thread)) {
    struct timespec until = clock_to_timespec(clock_now_us() + LOOK_US);
    pthread_cond_timedwait(&reader->changed, &reader->mutex, &until);
  }
  bool ended = reader->ended;
  reader->left_behind = !ended;
  pthread_mutex_unlock(&reader->mutex);
  return ended;
}

// Returns false if the thread was left behind.
static bool run_aside(Reader *reader) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_and_tell, reader) != 0) {
    reader->ok = run(reader);
    return true;
  }
  bool ended = wait_for_end(reader, thread);
  if (ended) pthread_join(thread, NULL);
  else pthread_detach(thread);
  return ended;
}

static Reader *reader_new(const char *path) {
  Reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  pthread_mutex_init(&reader->mutex, NULL);
  condition_init(&reader->changed);
  reader->path = strdup(path);
  reader->arena = arena_new();
  if (reader->path && reader->arena) return reader;
  reader_free(reader);
  return NULL;
}

static bool copy_all(const Setting *setting, Arena *arena, Setting **link) {
  *link = NULL;
  for (; setting; setting = setting->next, link = &(*link)->next) {
    if (!(*link = arena_calloc(arena, 1, sizeof **link))) return false;
    **link = (Setting){ .key = arena_dup(arena, setting->key),
                        .text = arena_dup(arena, setting->text),
                        .kind = setting->kind,
                        .type_name = setting->type_name };
    if (!(*link)->key.ptr || !(*link)->text.ptr) return false;
  }
  return true;
}

static bool copy_names(const SettingName *name, Arena *arena, SettingName **link) {
  *link = NULL;
  for (; name; name = name->next, link = &(*link)->next) {
    if (!(*link = arena_calloc(arena, 1, sizeof **link))) return false;
    if (!((*link)->text = arena_dup(arena, name->text)).ptr) return false;
  }
  return true;
}

bool settings_read(const char *path, Arena *arena, Setting **first, SettingName **undefined,
                   Err *err) {
  Reader *reader = reader_new(path);
  if (!reader) return err_set(err, ERR_MEMORY, "no memory to read %s", path);
  if (!run_aside(reader)) return refuse_endless(path, err);
  bool ok = reader->ok;
  if (!ok) *err = reader->err;
  else if (!copy_all(reader->first, arena, first) ||
           !copy_names(reader->undefined, arena, undefined))
    ok = err_set(err, ERR_MEMORY, "no memory to read %s", path);
  reader_free(reader);
  return ok;
}
