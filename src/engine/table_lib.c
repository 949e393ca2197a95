// table.concat, insert, move, remove, sort and unpack. They behave like Lua's own, except that they call the guard.
#include "engine/libs.h"

#include "engine/guard.h"
#include "engine/lua_helpers.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>

// Elements between two calls of the guard.
enum { ASK_EVERY = 4096 };

static inline void step(lua_State *L, lua_Integer i) {
  if (i % ASK_EVERY == 0) guard_check(L);
}

// ---- arguments ----------------------------------------------------------------------------------

enum { READS = 1, WRITES = 2, MEASURES = 4 };

static bool has_field(lua_State *L, int index, const char *name) {
  if (luaL_getmetafield(L, index, name) == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

// Raises unless the argument is a table, or has the metamethods for `needs`.
static void check_table(lua_State *L, int index, int needs) {
  if (lua_type(L, index) == LUA_TTABLE) return;
  if (lua_getmetatable(L, index)) {
    lua_pop(L, 1);
    if ((!(needs & READS) || has_field(L, index, "__index")) &&
        (!(needs & WRITES) || has_field(L, index, "__newindex")) &&
        (!(needs & MEASURES) || has_field(L, index, "__len")))
      return;
  }
  luaL_checktype(L, index, LUA_TTABLE);
}

static lua_Integer check_list(lua_State *L, int needs) {
  check_table(L, 1, needs | MEASURES);
  return luaL_len(L, 1);
}

static void copy(lua_State *L, lua_Integer from, int to_table, lua_Integer to) {
  lua_geti(L, 1, from);
  lua_seti(L, to_table, to);
}

// ---- insert, remove, move -----------------------------------------------------------------------

static int l_insert(lua_State *L) {
  lua_Integer size = check_list(L, READS | WRITES);
  lua_Integer end = (lua_Integer)((lua_Unsigned)size + 1u), position = end;
  int count = lua_gettop(L);
  if (count != 2 && count != 3) raise(L, "wrong number of arguments to 'insert'");
  if (count == 3) {
    position = luaL_checkinteger(L, 2);
    bool inside = (lua_Unsigned)position - 1u < (lua_Unsigned)end;
    luaL_argcheck(L, inside, 2, "position out of bounds");
    for (lua_Integer i = end; i > position; i--) {
      copy(L, i - 1, 1, i);
      step(L, i);
    }
  }
  lua_seti(L, 1, position);
  return 0;
}

static int l_remove(lua_State *L) {
  lua_Integer size = check_list(L, READS | WRITES);
  lua_Integer position = luaL_optinteger(L, 2, size);
  bool inside = position == size || (lua_Unsigned)position - 1u <= (lua_Unsigned)size;
  luaL_argcheck(L, inside, 1, "position out of bounds");  // 1, not 2, as in Lua 5.4.4
  lua_geti(L, 1, position);
  for (; position < size; position++) {
    copy(L, position + 1, 1, position);
    step(L, position);
  }
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

static void move_up(lua_State *L, lua_Integer from, lua_Integer count, int table, lua_Integer to) {
  for (lua_Integer i = 0; i < count; i++) {
    copy(L, from + i, table, to + i);
    step(L, i + 1);
  }
}

static void move_down(lua_State *L, lua_Integer from, lua_Integer count, int table,
                      lua_Integer to) {
  for (lua_Integer i = count - 1; i >= 0; i--) {
    copy(L, from + i, table, to + i);
    step(L, i);
  }
}

static int l_move(lua_State *L) {
  lua_Integer from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
  lua_Integer to = luaL_checkinteger(L, 4);
  int table = lua_isnoneornil(L, 5) ? 1 : 5;
  check_table(L, 1, READS);
  check_table(L, table, WRITES);
  if (last >= from) {
    bool countable = from > 0 || last < LUA_MAXINTEGER + from;
    luaL_argcheck(L, countable, 3, "too many elements to move");
    lua_Integer count = last - from + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    bool overlaps = to > from && to <= last;
    if (overlaps && (table == 1 || lua_compare(L, 1, table, LUA_OPEQ)))
      move_down(L, from, count, table, to);
    else move_up(L, from, count, table, to);
  }
  lua_pushvalue(L, table);
  return 1;
}

// ---- concat, unpack -----------------------------------------------------------------------------

static void add_element(lua_State *L, luaL_Buffer *out, lua_Integer i) {
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1)) {
    raise(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
          (LUAI_UACINT)i);
  }
  luaL_addvalue(out);
}

static int l_concat(lua_State *L) {
  size_t len;
  lua_Integer last = check_list(L, READS);
  const char *between = luaL_optlstring(L, 2, "", &len);
  lua_Integer i = luaL_optinteger(L, 3, 1);
  last = luaL_optinteger(L, 4, last);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (; i < last; i++) {
    add_element(L, &out, i);
    luaL_addlstring(&out, between, len);
    step(L, i);
  }
  if (i == last) add_element(L, &out, i);
  luaL_pushresult(&out);
  return 1;
}

static int l_unpack(lua_State *L) {
  lua_Integer first = luaL_optinteger(L, 2, 1);
  lua_Integer last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
  if (first > last) return 0;
  lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
  if (count >= INT_MAX || !lua_checkstack(L, (int)++count)) raise(L, "too many results to unpack");
  for (lua_Integer i = first; i < last; i++) {
    lua_geti(L, 1, i);
    step(L, i);
  }
  lua_geti(L, 1, last);
  return (int)count;
}

// ---- sort: quicksort, the pivot a median of three -----------------------------------------------

enum { SCATTER_FROM = 100, IMBALANCE = 128 };

typedef struct {
  lua_State *L;
  bool has_order;
  int until_asked;
} Sort;

// Whether the value at stack index `a` sorts before the value at `b`.
static bool is_before(Sort *sort, int a, int b) {
  lua_State *L = sort->L;
  if (--sort->until_asked <= 0) {
    sort->until_asked = ASK_EVERY;
    guard_check(L);
  }
  if (!sort->has_order) return lua_compare(L, a, b, LUA_OPLT);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, a - 1);
  lua_pushvalue(L, b - 2);
  lua_call(L, 2, 1);
  bool before = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return before;
}

// Pops the value on top into element `i` and the value below it into element `j`.
static void set_pair(lua_State *L, lua_Unsigned i, lua_Unsigned j) {
  lua_seti(L, 1, (lua_Integer)i);
  lua_seti(L, 1, (lua_Integer)j);
}

static void get(lua_State *L, lua_Unsigned i) { lua_geti(L, 1, (lua_Integer)i); }

// Swaps elements i < j if they are in the wrong order, and returns whether they were.
static bool order_pair(Sort *sort, lua_Unsigned i, lua_Unsigned j) {
  get(sort->L, i);
  get(sort->L, j);
  bool wrong = is_before(sort, -1, -2);
  if (wrong) set_pair(sort->L, i, j);
  else lua_pop(sort->L, 2);
  return wrong;
}

noreturn static void fail_order(lua_State *L) { raise(L, "invalid order function for sorting"); }

// Partitions [low, high] into elements that do not sort after the pivot, the pivot, and elements that do not sort
// before it. The pivot is on top of the stack and in element high - 1. Pops the pivot and returns its new index.
static lua_Unsigned part(Sort *sort, lua_Unsigned low, lua_Unsigned high) {
  lua_State *L = sort->L;
  lua_Unsigned i = low, j = high - 1;
  for (;;) {
    for (get(L, ++i); is_before(sort, -1, -2); get(L, ++i)) {
      if (i == high - 1) fail_order(L);
      lua_pop(L, 1);
    }
    for (get(L, --j); is_before(sort, -3, -1); get(L, --j)) {
      if (j < i) fail_order(L);
      lua_pop(L, 1);
    }
    if (j < i) break;
    set_pair(L, i, j);
  }
  lua_pop(L, 1);
  set_pair(L, high - 1, i);  // the stack has a[i] on top and a[high - 1], the pivot, below
  return i;
}

// Returns a scattered index in the middle half of the range. It depends on the range alone, so that a replayed script
// sorts in the same way.
static lua_Unsigned scattered(lua_Unsigned low, lua_Unsigned high) {
  lua_Unsigned quarter = (high - low) / 4;
  lua_Unsigned mixed = (low * 0x9E3779B97F4A7C15u ^ high) * 0xBF58476D1CE4E5B9u;
  return low + quarter + (mixed >> 32) % (quarter * 2);
}

static lua_Unsigned choose_pivot(lua_Unsigned low, lua_Unsigned high, bool scatter) {
  return scatter && high - low >= SCATTER_FROM ? scattered(low, high) : (low + high) / 2;
}

// Partitions [low, high], four or more elements, at element `pivot`, a median of three; returns the pivot's new index.
static lua_Unsigned part_at(Sort *sort, lua_Unsigned low, lua_Unsigned pivot, lua_Unsigned high) {
  lua_State *L = sort->L;
  get(L, pivot);
  lua_pushvalue(L, -1);
  get(L, high - 1);
  set_pair(L, pivot, high - 1);
  return part(sort, low, high);
}

// Recurses into the smaller part and loops over the larger one.
static void sort_range(Sort *sort, lua_Unsigned low, lua_Unsigned high, bool scatter) {
  while (low < high) {
    order_pair(sort, low, high);
    if (high - low == 1) return;
    lua_Unsigned pivot = choose_pivot(low, high, scatter), smaller;
    if (!order_pair(sort, low, pivot)) order_pair(sort, pivot, high);
    if (high - low == 2) return;
    pivot = part_at(sort, low, pivot, high);
    if (pivot - low < high - pivot) {
      smaller = pivot - low;
      sort_range(sort, low, pivot - 1, scatter);
      low = pivot + 1;
    } else {
      smaller = high - pivot;
      sort_range(sort, pivot + 1, high, scatter);
      high = pivot - 1;
    }
    if ((high - low) / IMBALANCE > smaller) scatter = true;
  }
}

static int l_sort(lua_State *L) {
  lua_Integer count = check_list(L, READS | WRITES);
  if (count < 2) return 0;
  luaL_argcheck(L, count < INT_MAX, 1, "array too big");
  bool has_order = !lua_isnoneornil(L, 2);
  if (has_order) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  Sort sort = { L, has_order, ASK_EVERY };
  sort_range(&sort, 1, (lua_Unsigned)count, false);
  return 0;
}

// ---- registration -------------------------------------------------------------------------------

static const luaL_Reg functions[] = { { "concat", l_concat }, { "insert", l_insert },
                                      { "move", l_move },     { "remove", l_remove },
                                      { "sort", l_sort },     { "unpack", l_unpack },
                                      { NULL, NULL } };

void table_lib_open(lua_State *L) {
  lua_getglobal(L, LUA_TABLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
