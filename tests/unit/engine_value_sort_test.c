// engine/value: the sorting of an object's keys is stopped between two parts, wherever the end of its time finds it.
//
// Keeps the headers from defining library functions as inline functions.
#undef _FORTIFY_SOURCE
#include "engine_world.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "engine/value.h"

// Three parts are sorted at once, then merged.
enum { KEYS = 20000, PARTS = 3 };

static int sorted, interrupts_at;  // parts
static bool interrupts_merge;
static Str *merged;  // the array into which the parts are merged first

typedef int (*Compare)(const void *, const void *);

// The engine's, in place of libc's.
void qsort(void *items, size_t count, size_t size, Compare compare) {
  void (*real)(void *, size_t, size_t, Compare) =
      (void (*)(void *, size_t, size_t, Compare))dlsym(RTLD_NEXT, "qsort");
  real(items, count, size, compare);
  if (++sorted == interrupts_at) engine_interrupt(engine);
}

// The second array is made when all parts are sorted.
void *lua_newuserdatauv(lua_State *co, size_t size, int values) {
  void *(*real)(lua_State *, size_t, int) =
      (void *(*)(lua_State *, size_t, int))dlsym(RTLD_NEXT, "lua_newuserdatauv");
  void *block = real(co, size, values);
  if (!interrupts_merge || sorted < PARTS || merged || size != KEYS * sizeof(Str)) return block;
  merged = memset(block, 'x', size);
  luaL_checkstack(co, 1, NULL);
  lua_pushvalue(co, -1);
  lua_rawsetp(co, LUA_REGISTRYINDEX, &merged);  // it stays
  engine_interrupt(engine);
  return block;
}

static int l_encode(lua_State *co) {
  Buf out;
  Err err = { 0 };
  buf_init(&out);
  lua_settop(co, 1);
  bool ok = value_to_json(co, 1, &out, &err);
  lua_pushinteger(co, ok ? (lua_Integer)out.len : -1);
  buf_clear(&out);
  return 1;
}

static int begin_encoding(void **state) {
  sorted = interrupts_at = 0;
  interrupts_merge = false;
  merged = NULL;
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = 20 * 1000000 });
  lua_register(L, "encode", l_encode);
  return 0;
}

static const char *const ENCODE =
    "local t = {} for i = 1, 20000 do t['k' .. i * 7919 % 20011] = i end return encode(t)";

static void test_keys_are_sorted_in_parts(void **state) {
  Err err = { 0 };
  interrupts_merge = false;
  assert_true(run_in_task(ENCODE, &err));
  assert_int_equal(sorted, PARTS);
}

static void test_it_is_stopped_behind_each_part(void **state) {
  for (int part = 1; part < PARTS; part++) {
    sorted = 0;
    interrupts_at = part;
    assert_task_fails(ENCODE, "interrupted");
    assert_int_equal(sorted, part);
  }
}

static void test_it_is_stopped_while_parts_are_merged(void **state) {
  Str untouched;
  memset(&untouched, 'x', sizeof untouched);
  interrupts_merge = true;
  assert_task_fails(ENCODE, "interrupted");
  assert_int_equal(sorted, PARTS);
  assert_non_null(merged);
  assert_memory_equal(&merged[KEYS / 2], &untouched, sizeof untouched);
  assert_memory_equal(&merged[KEYS - 1], &untouched, sizeof untouched);
}

#define SORT_TEST(test) cmocka_unit_test_setup_teardown(test, begin_encoding, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    SORT_TEST(test_keys_are_sorted_in_parts),
    SORT_TEST(test_it_is_stopped_behind_each_part),
    SORT_TEST(test_it_is_stopped_while_parts_are_merged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
