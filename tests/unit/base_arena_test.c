// base/arena: memory that dies together.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static void test_memory_is_aligned_and_does_not_overlap(void **state) {
  Arena *arena = arena_new();
  char *last = NULL;
  size_t last_size = 0;
  for (size_t size = 1; size < 3000; size = size * 2 + 1) {
    char *at = arena_alloc(arena, size);
    assert_non_null(at);
    assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
    if (last) assert_true(at >= last + last_size || at + size <= last);
    memset(at, 0xAB, size);
    last = at;
    last_size = size;
  }
  arena_free(arena);
}

static void test_a_piece_larger_than_any_block_is_given(void **state) {
  Arena *arena = arena_new();
  char *large = arena_alloc(arena, 1 << 20);
  assert_non_null(large);
  memset(large, 1, 1 << 20);
  arena_free(arena);
}

static void test_after_a_reset_the_first_block_is_used_again(void **state) {
  Arena *arena = arena_new();
  void *first = arena_alloc(arena, 16);
  for (int i = 0; i < 100; i++) assert_non_null(arena_alloc(arena, 5000));
  arena_reset(arena);
  assert_ptr_equal(arena_alloc(arena, 16), first);
  arena_free(arena);
}

static void test_impossible_sizes_give_null_and_leave_the_arena_usable(void **state) {
  Arena *arena = arena_new();
  assert_null(arena_alloc(arena, SIZE_MAX));
  assert_null(arena_alloc(arena, SIZE_MAX - 64));
  assert_null(arena_calloc(arena, SIZE_MAX / 2, 3));
  assert_null(arena_dup(arena, str_make("x", SIZE_MAX)).ptr);
  assert_non_null(arena_alloc(arena, 8));
  arena_free(arena);
}

static void test_calloc_gives_zeros_even_in_used_memory(void **state) {
  Arena *arena = arena_new();
  memset(arena_alloc(arena, 64), 0xFF, 64);
  arena_reset(arena);
  const char *zeros = arena_calloc(arena, 8, 8);
  for (int i = 0; i < 64; i++) assert_int_equal(zeros[i], 0);
  arena_free(arena);
}

static void test_copies_and_formatted_texts_end_in_nul(void **state) {
  Arena *arena = arena_new();
  Str copy = arena_dup(arena, str_make("hello", 4));
  assert_string_equal(copy.ptr, "hell");
  assert_int_equal(copy.len, 4);
  Str joined = arena_join(arena, str_make("hello", 4), STR("!"));
  assert_string_equal(joined.ptr, "hell!");
  assert_int_equal(joined.len, 5);
  Str empty = arena_dup(arena, str_make(NULL, 0));
  assert_non_null(empty.ptr);
  assert_string_equal(empty.ptr, "");
  Str text = arena_printf(arena, "%s-%d", "a", 7);
  assert_string_equal(text.ptr, "a-7");
  assert_int_equal(text.len, 3);
  arena_free(arena);
}

static void test_a_small_arena_grows_as_any_other(void **state) {
  for (int round = 0; round < 3; round++) {
    Arena *arena = arena_new_small();
    char *pieces[100];
    for (int i = 0; i < 100; i++) memset(pieces[i] = arena_alloc(arena, 100), i, 100);
    for (int i = 0; i < 100; i++) assert_int_equal(pieces[i][99], i);
    arena_free(arena);
    arena_free(arena_new());
  }
}

static char released[8];

static void note_release(void *name) { strcat(released, name); }

static void test_what_hangs_on_an_arena_is_released_with_it_last_first(void **state) {
  Arena *arena = arena_new();
  released[0] = 0;
  assert_true(arena_on_free(arena, note_release, "a"));
  assert_true(arena_on_free(arena, note_release, "b"));
  assert_string_equal(released, "");
  arena_reset(arena);
  assert_string_equal(released, "ba");
  assert_true(arena_on_free(arena, note_release, "c"));
  arena_free(arena);
  assert_string_equal(released, "bac");
}

static void test_freeing_nothing_is_allowed(void **state) { arena_free(NULL); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_memory_is_aligned_and_does_not_overlap),
    cmocka_unit_test(test_a_piece_larger_than_any_block_is_given),
    cmocka_unit_test(test_after_a_reset_the_first_block_is_used_again),
    cmocka_unit_test(test_impossible_sizes_give_null_and_leave_the_arena_usable),
    cmocka_unit_test(test_calloc_gives_zeros_even_in_used_memory),
    cmocka_unit_test(test_copies_and_formatted_texts_end_in_nul),
    cmocka_unit_test(test_a_small_arena_grows_as_any_other),
    cmocka_unit_test(test_what_hangs_on_an_arena_is_released_with_it_last_first),
    cmocka_unit_test(test_freeing_nothing_is_allowed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
