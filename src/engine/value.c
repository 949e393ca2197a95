// Lua values as JSON and back.
#include "engine/value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include "codec/json.h"
#include "engine/boxed.h"
#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/lua_helpers.h"

static const char array_metatable;

// ---- arrays and null

void value_push_null(lua_State *L) { lua_pushlightuserdata(L, NULL); }

static bool is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index);
}

void value_mark_array(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_metatable);
  lua_setmetatable(L, index);
}

bool value_is_array(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_metatable);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

// ---- from Lua

// One table that is being written. The frames form the path to the current value.
typedef struct Frame {
  const struct Frame *parent;
  const void *table;
  Str key;        // the current member's key, in an object
  size_t member;  // the current member's index, in an array; 0 in an object
} Frame;

typedef struct {
  lua_State *L;
  Buf *out;
  size_t len_max;  // limit of `out`; 0: none
  bool lossy;
  const Frame *frame;
  size_t depth;
  int steps;
} Writer;

// Values or keys between two calls of the guard.
enum { ASK_EVERY = 2000 };

static void step(lua_State *L, int *steps) {
  if (++*steps % ASK_EVERY == 0) guard_check(L);
}

enum { PATH_STEPS_MAX = 8, PATH_STEP_BYTES = 64 };

static bool is_plain_name(Str key) {
  for (size_t i = 0; i < key.len; i++) {
    char c = key.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
  }
  return key.len > 0;
}

// Adds the path to a value, "value.menu.button[2]"; of a long path, the last `steps` steps.
static void add_path(luaL_Buffer *path, const Frame *frame, size_t steps) {
  if (!frame || steps == 0) {
    luaL_addstring(path, frame ? "value ... " : "value");
    return;
  }
  add_path(path, frame->parent, steps - 1);
  char step[PATH_STEP_BYTES];
  Str key = str_sub(frame->key, 0, str_utf8_prefix(frame->key, PATH_STEP_BYTES - 8));
  if (frame->member) snprintf(step, sizeof step, "[%zu]", frame->member);
  else snprintf(step, sizeof step, is_plain_name(key) ? ".%.*s" : "[\"%.*s\"]", STR_FMT(key));
  luaL_addstring(path, step);
}

noreturn static void refuse(Writer *w, const char *what) {
  luaL_Buffer path;
  luaL_buffinit(w->L, &path);
  add_path(&path, w->frame, PATH_STEPS_MAX);
  luaL_pushresult(&path);
  lua_pushfstring(w->L, "cannot be written as JSON: %s %s", lua_tostring(w->L, -1), what);
  lua_error(w->L);
  abort();
}

// Replaces the table on top, if it has a __pairs, by a table with the members that __pairs lists.
static void unfold(lua_State *L) {
  luaL_checkstack(L, 8, "JSON");
  int meta = luaL_getmetafield(L, -1, "__pairs");
  if (meta == LUA_TNIL) return;
  lua_pushvalue(L, -2);
  lua_call(L, 1, 3);  // table, next, state, control
  lua_newtable(L);
  lua_insert(L, -4);  // table, copy, next, state, control
  for (int steps = 0;;) {
    step(L, &steps);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 2);  // table, copy, next, state, control, key, value
    if (lua_isnil(L, -2)) break;
    lua_pushvalue(L, -2);
    lua_replace(L, -4);  // the key is the next control
    lua_rawset(L, -6);
  }
  lua_pop(L, 5);  // table, copy
  lua_remove(L, -2);
}

// Returns the offset of the first byte that is not valid UTF-8.
static size_t find_no_utf8(Str text) {
  bool valid = true;
  size_t at = 0, len = 0;
  for (; at < text.len && valid; at += len) len = str_utf8_len(str_sub(text, at, text.len), &valid);
  return at - len;
}

static void write_text(Writer *w, Str text, const char *of) {
  if (json_add_string(w->out, text) || w->lossy) return;
  const char *words = "%sis no UTF-8 (byte %I): write such bytes as base64";
  refuse(w, lua_pushfstring(w->L, words, of, (LUAI_UACINT)find_no_utf8(text) + 1));
}

static void write_value(Writer *w);

static void write_array(Writer *w, Frame *frame, size_t count) {
  buf_addc(w->out, '[');
  for (size_t i = 1; i <= count; i++) {
    if (i > 1) buf_addc(w->out, ',');
    frame->member = i;
    lua_rawgeti(w->L, -1, (lua_Integer)i);
    write_value(w);
    lua_pop(w->L, 1);
  }
  buf_addc(w->out, ']');
}

enum { SORTED_AT_ONCE = 8192 };

static int compare_keys(const void *left, const void *right) {
  return str_compare(*(const Str *)left, *(const Str *)right);
}

// Merges pairs of sorted runs, `run` keys each, into runs of twice the length.
static void merge_runs(lua_State *L, const Str *from, Str *to, size_t count, size_t run) {
  for (size_t at = 0, n = 0; at < count; at += 2 * run) {
    size_t middle = at + run < count ? at + run : count;
    size_t end = middle + run < count ? middle + run : count;
    for (size_t i = at, j = middle; n < end; n++) {
      bool left = j == end || (i < middle && compare_keys(&from[i], &from[j]) <= 0);
      to[n] = from[left ? i++ : j++];
      if (n % SORTED_AT_ONCE == 0) guard_check(L);
    }
  }
}

// Sorts `keys` and returns the sorted array: `keys`, or a userdata. Pushes one value, that userdata, in any case.
static const Str *sort_keys(lua_State *L, Str *keys, size_t count) {
  for (size_t at = 0; at < count; at += SORTED_AT_ONCE) {
    size_t run = count - at < SORTED_AT_ONCE ? count - at : SORTED_AT_ONCE;
    qsort(keys + at, run, sizeof *keys, compare_keys);
    if (run < count) guard_check(L);
  }
  bool sorted_at_once = count <= SORTED_AT_ONCE;
  Str *other = lua_newuserdatauv(L, sorted_at_once ? 0 : count * sizeof *keys, 0);
  for (size_t run = SORTED_AT_ONCE; run < count; run *= 2) {
    merge_runs(L, keys, other, count, run);
    Str *sorted = other;
    other = keys;
    keys = sorted;
  }
  return keys;
}

// Returns the sorted keys of the table on top. Pushes three values: a table that keeps the keys alive even if a
// member's __pairs changes the table, and the userdata of the arrays.
static const Str *push_sorted_keys(lua_State *L, size_t count) {
  int table = lua_gettop(L), steps = 0;
  lua_createtable(L, (int)count, 0);
  Str *keys = lua_newuserdatauv(L, count * sizeof *keys, 0);
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    keys[n].ptr = lua_tolstring(L, -1, &keys[n].len);
    lua_pushvalue(L, -1);
    lua_rawseti(L, table + 1, (lua_Integer)++n);
    step(L, &steps);
  }
  return sort_keys(L, keys, n);
}

static void write_object(Writer *w, Frame *frame, size_t count) {
  const Str *keys = push_sorted_keys(w->L, count);  // table, names, keys, keys
  buf_addc(w->out, '{');
  for (size_t i = 0; i < count; i++) {
    if (i > 0) buf_addc(w->out, ',');
    w->frame = frame->parent;
    write_text(w, keys[i], "has a key that ");
    w->frame = frame;
    frame->key = keys[i];
    buf_addc(w->out, ':');
    lua_pushlstring(w->L, keys[i].ptr, keys[i].len);
    lua_rawget(w->L, -5);
    write_value(w);
    lua_pop(w->L, 1);
  }
  buf_addc(w->out, '}');
  lua_pop(w->L, 3);
}

// The kinds of keys that a table has.
typedef struct {
  size_t names, positions;  // the numbers of string keys and of positive integer keys
  lua_Integer last;         // the largest integer key
  const char *other;        // the type of a key that JSON cannot represent; or NULL
} Keys;

static Keys count_keys(lua_State *L) {
  Keys keys = { 0 };
  int steps = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
      keys.names++;
    } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
      keys.positions++;
      if (lua_tointeger(L, -1) > keys.last) keys.last = lua_tointeger(L, -1);
    } else {
      keys.other = luaL_typename(L, -1);
    }
    step(L, &steps);
  }
  return keys;
}

static void write_table(Writer *w) {
  lua_State *L = w->L;
  for (const Frame *f = w->frame; f; f = f->parent) {
    if (f->table == lua_topointer(L, -1)) refuse(w, "contains itself");
  }
  if (w->depth >= JSON_DEPTH_MAX) refuse(w, "is nested too deep");
  luaL_checkstack(L, 8, "JSON");
  bool marked = value_is_array(L, -1);
  Frame frame = { .parent = w->frame, .table = lua_topointer(L, -1) };
  lua_pushvalue(L, -1);
  if (!marked) unfold(L);
  Keys keys = count_keys(L);
  if (keys.other) {
    refuse(w, lua_pushfstring(
                  L, "has a key that is a %s: keys are strings, or 1, 2, 3 ... without a hole",
                  keys.other));
  }
  if (keys.names && (keys.positions || marked)) refuse(w, "is an array and has named keys too");
  if ((size_t)keys.last != keys.positions) {
    refuse(w, lua_pushfstring(
                  L, "is an array with holes: put %s.json.null there, or make the keys strings",
                  engine_link(L)->library));
  }
  w->frame = &frame;
  w->depth++;
  if (keys.positions || marked) write_array(w, &frame, keys.positions);
  else write_object(w, &frame, keys.names);
  w->depth--;
  w->frame = frame.parent;
  lua_pop(L, 1);
}

static void write_number(Writer *w) {
  if (lua_isinteger(w->L, -1)) {
    buf_add_int(w->out, lua_tointeger(w->L, -1));
    return;
  }
  double number = lua_tonumber(w->L, -1);
  if (!isfinite(number)) refuse(w, "is not a finite number");
  int whole;
  lua_Integer integer = lua_tointegerx(w->L, -1, &whole);
  // A whole float is written in digits, 1e15 as 1000000000000000: some programs read ids that way only.
  if (whole && integer != 0) buf_add_int(w->out, integer);
  else json_add_real(w->out, number);
}

static void write_string(Writer *w) {
  Str text;
  text.ptr = lua_tolstring(w->L, -1, &text.len);
  write_text(w, text, "");
}

static void write_value(Writer *w) {
  step(w->L, &w->steps);
  if (w->len_max && w->out->len > w->len_max) refuse(w, "takes more than script_memory_mb");
  switch (lua_type(w->L, -1)) {
    case LUA_TNIL: buf_add(w->out, STR("null")); break;
    case LUA_TBOOLEAN: buf_add(w->out, lua_toboolean(w->L, -1) ? STR("true") : STR("false")); break;
    case LUA_TNUMBER: write_number(w); break;
    case LUA_TSTRING: write_string(w); break;
    case LUA_TTABLE: write_table(w); break;
    default:
      if (is_null(w->L, -1)) buf_add(w->out, STR("null"));
      else refuse(w, lua_pushfstring(w->L, "is a %s", luaL_typename(w->L, -1)));
  }
}

static int write_protected(lua_State *L) {
  Writer *w = lua_touserdata(L, 1);
  lua_settop(L, 2);
  write_value(w);
  return 0;
}

// Returns the limit in bytes of a text or a document outside Lua's own memory; 0: none.
static size_t memory_max(lua_State *L) {
  const Engine *engine = engine_of(L);
  return engine ? engine->options.memory_max : 0;
}

static bool to_json(lua_State *L, int index, bool lossy, Buf *out, Err *err) {
  index = lua_absindex(L, index);
  if (!lua_checkstack(L, 4)) return err_set(err, ERR_MEMORY, "no memory to write JSON");
  Writer w = { .L = L, .out = out, .len_max = memory_max(L), .lossy = lossy };
  size_t before = out->len;
  lua_pushcfunction(L, write_protected);
  lua_pushlightuserdata(L, &w);
  lua_pushvalue(L, index);
  int status = lua_pcall(L, 2, 0, 0);
  if (status == LUA_OK && !out->failed) return true;
  if (out->len > before) out->ptr[out->len = before] = 0;
  if (status == LUA_OK) return err_set(err, ERR_MEMORY, "no memory to write JSON");
  const char *text =
      lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "the value's __pairs failed";
  err_set(err, status == LUA_ERRMEM ? ERR_MEMORY : ERR_INVALID, "%s", text);
  lua_pop(L, 1);
  return false;
}

bool value_to_json(lua_State *L, int index, Buf *out, Err *err) {
  return to_json(L, index, false, out, err);
}

bool value_to_json_lossy(lua_State *L, int index, Buf *out, Err *err) {
  return to_json(L, index, true, out, err);
}

static bool has_tostring(lua_State *L, int index) {
  if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

void value_push_text(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || has_tostring(L, index)) {
    luaL_tolstring(L, index, NULL);
    return;
  }
  Buf *json = boxed_buf(L);
  if (value_to_json_lossy(L, index, json, NULL)) lua_pushlstring(L, json->ptr, json->len);
  else luaL_tolstring(L, index, NULL);
  boxed_close(L, -2);
  lua_remove(L, -2);
}

// ---- to Lua

static void push_scalar(lua_State *L, const Json *value) {
  switch (json_kind(value)) {
    case JSON_BOOL: lua_pushboolean(L, json_bool(value)); break;
    case JSON_INT: lua_pushinteger(L, json_int(value)); break;
    case JSON_REAL: lua_pushnumber(L, json_real(value)); break;
    case JSON_STRING: push_str(L, json_string(value)); break;
    default: value_push_null(L);
  }
}

// A container whose table is on the stack and still incomplete.
typedef struct {
  const Json *next;   // the next member to push
  lua_Integer count;  // members set so far, of an array
  bool array;
} OpenTable;

struct ValueCursor {
  const Json *root;  // NULL once begun
  int depth, steps;
  OpenTable open[JSON_DEPTH_MAX + 1];
};

static bool is_container(const Json *value) {
  return json_kind(value) == JSON_ARRAY || json_kind(value) == JSON_OBJECT;
}

static void open_table(lua_State *L, ValueCursor *cursor, const Json *container) {
  bool array = json_kind(container) == JSON_ARRAY;
  int count = (int)json_count(container);
  luaL_checkstack(L, 6, "JSON");
  lua_createtable(L, array ? count : 0, array ? 0 : count);
  if (array) value_mark_array(L, -1);
  cursor->open[cursor->depth++] = (OpenTable){ json_first(container), 0, array };
}

// Sets the value on top in the innermost table. In an object, the key is below the value.
static void close_value(lua_State *L, ValueCursor *cursor) {
  OpenTable *table = &cursor->open[cursor->depth - 1];
  if (table->array) lua_rawseti(L, -2, ++table->count);
  else lua_rawset(L, -3);
}

static void push_member(lua_State *L, ValueCursor *cursor) {
  OpenTable *table = &cursor->open[cursor->depth - 1];
  const Json *member = table->next;
  table->next = json_next(member);
  step(L, &cursor->steps);
  if (!table->array) push_str(L, json_key(member));
  if (is_container(member)) {
    open_table(L, cursor, member);
  } else {
    push_scalar(L, member);
    close_value(L, cursor);
  }
}

static void begin_cursor(lua_State *L, ValueCursor *cursor) {
  const Json *root = cursor->root;
  cursor->root = NULL;
  if (is_container(root)) open_table(L, cursor, root);
  else push_scalar(L, root);
}

bool value_push_some(lua_State *L, ValueCursor *cursor, size_t most) {
  luaL_checkstack(L, 6, "JSON");
  if (cursor->root) begin_cursor(L, cursor);
  while (cursor->depth > 0) {
    if (cursor->open[cursor->depth - 1].next) {
      if (most-- == 0) return false;
      push_member(L, cursor);
    } else if (--cursor->depth > 0) {
      close_value(L, cursor);
    }
  }
  return true;
}

ValueCursor *value_push_first(lua_State *L, const Json *value, size_t most) {
  ValueCursor cursor = { .root = value };
  int bottom = lua_gettop(L) + 1;
  if (value_push_some(L, &cursor, most)) return NULL;
  ValueCursor *kept = lua_newuserdatauv(L, sizeof *kept, 0);
  *kept = cursor;
  lua_insert(L, bottom);
  return kept;
}

void value_push_json(lua_State *L, const Json *value) {
  ValueCursor cursor = { .root = value };
  value_push_some(L, &cursor, SIZE_MAX);
}

static void free_document(void *document) { json_free(document); }

static bool may_go_on(void *L) { return guard_goes_on(L); }

bool value_from_json(lua_State *L, Str json, Err *err) {
  luaL_checkstack(L, 6, "JSON");
  Boxed *boxed = boxed_push(L, free_document, NULL);
  JsonLimits limits = { may_go_on, L, memory_max(L) };
  JsonDoc *document = boxed->held = json_parse_within(json, &limits, err);
  if (!document) {
    lua_pop(L, 1);
    guard_check(L);
    return false;
  }
  value_push_json(L, json_root(document));
  boxed_close(L, -2);
  lua_remove(L, -2);
  return true;
}

// ---- once per state

static int l_tostring(lua_State *L) {
  if (is_null(L, 1)) lua_pushliteral(L, "null");
  else lua_pushfstring(L, "lightuserdata: %p", lua_topointer(L, 1));
  return 1;
}

void value_open(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "json.array");
  lua_setfield(L, -2, "__name");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_metatable);
  // All light userdata share one metatable; null is the only light userdata that scripts see.
  value_push_null(L);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, l_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "null");
  lua_setfield(L, -2, "__name");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
