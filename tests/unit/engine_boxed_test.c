// engine/boxed: C memory that is freed with a Lua value.
#include "engine_world.h"

#include "engine/boxed.h"

#include <stdlib.h>

static int freed;

static void count_free(void *held) { freed++; }

static void test_what_it_holds_is_freed_once_by_the_collector(void **state) {
  freed = 0;
  boxed_push(L, count_free, NULL)->held = &freed;
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT);
  assert_int_equal(freed, 1);
}

static void test_what_was_closed_is_not_freed_again(void **state) {
  freed = 0;
  boxed_push(L, count_free, NULL)->held = &freed;
  boxed_close(L, -1);
  assert_int_equal(freed, 1);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT);
  assert_int_equal(freed, 1);
}

static void test_an_empty_one_frees_nothing(void **state) {
  freed = 0;
  boxed_push(L, count_free, NULL);
  boxed_close(L, -1);
  assert_int_equal(freed, 0);
}

static void test_it_knows_whom_to_tell(void **state) {
  Boxed *boxed = boxed_push(L, count_free, state);
  assert_ptr_equal(boxed_at(L, -1), boxed);
  assert_ptr_equal(boxed->target, state);
  assert_null(boxed->held);
}

static void test_a_buffer_and_an_arena_live_as_long_as_their_value(void **state) {
  Buf *buf = boxed_buf(L);
  Arena *arena = boxed_arena(L);
  buf_add(buf, STR("kept"));
  Str copy = arena_dup(arena, STR("copy"));
  lua_gc(L, LUA_GCCOLLECT);
  assert_string_equal(buf->ptr, "kept");
  assert_string_equal(copy.ptr, "copy");
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);  // LeakSanitizer checks
}

static void test_one_that_is_used_again_frees_what_it_holds_then(void **state) {
  int first, second;
  freed = 0;
  boxed_push(L, free, NULL)->held = &first;
  boxed_reuse(L, -1, count_free, &first)->held = &second;
  assert_ptr_equal(boxed_at(L, -1)->target, &first);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT);
  assert_int_equal(freed, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_it_holds_is_freed_once_by_the_collector),
    TEST(test_what_was_closed_is_not_freed_again),
    TEST(test_an_empty_one_frees_nothing),
    TEST(test_it_knows_whom_to_tell),
    TEST(test_a_buffer_and_an_arena_live_as_long_as_their_value),
    TEST(test_one_that_is_used_again_frees_what_it_holds_then),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
