// Blocks keep their bytes through every change of size, within the region, out of it and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

static void fill(char *block, size_t size, unsigned seed) {
  for (size_t i = 0; i < size; i++) block[i] = (char)(seed + i * 7);
}

static void assert_filled(const char *block, size_t size, unsigned seed) {
  for (size_t i = 0; i < size; i++) assert_int_equal(block[i], (char)(seed + i * 7));
}

static void test_bytes_survive_growing_and_shrinking(void **state) {
  static const size_t sizes[] = { 1, 16, 17, 100, 1024, 1025, 5000, 1024, 30, 1, 4096, 8 };
  Heap heap;
  heap_init(&heap, 8 * 1024 * 1024);
  char *block = NULL;
  size_t size = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    size_t kept = size < sizes[i] ? size : sizes[i];
    block = heap_resize(&heap, block, size, sizes[i]);
    assert_non_null(block);
    if (kept) assert_filled(block, kept, (unsigned)i - 1);
    size = sizes[i];
    fill(block, size, (unsigned)i);
  }
  heap_free(&heap, block, size);
  heap_clear(&heap);
}

static void test_no_two_blocks_share_a_byte_and_more_than_the_region_can_be_had(void **state) {
  enum { COUNT = 40000 };
  static struct {
    char *at;
    size_t size;
  } blocks[COUNT];
  Heap heap;
  heap_init(&heap, 8 * 1024 * 1024);
  srand(7);
  for (int round = 0; round < 3; round++) {
    for (unsigned i = 0; i < COUNT; i++) {
      if (blocks[i].at && rand() % 2) continue;
      if (blocks[i].at) {
        assert_filled(blocks[i].at, blocks[i].size, i);
        heap_free(&heap, blocks[i].at, blocks[i].size);
      }
      blocks[i].size = 1 + (size_t)rand() % 1300;
      blocks[i].at = heap_resize(&heap, NULL, 0, blocks[i].size);
      assert_non_null(blocks[i].at);
      assert_int_equal((uintptr_t)blocks[i].at % HEAP_STEP, 0);
      fill(blocks[i].at, blocks[i].size, i);
    }
  }
  for (unsigned i = 0; i < COUNT; i++) {
    assert_filled(blocks[i].at, blocks[i].size, i);
    heap_free(&heap, blocks[i].at, blocks[i].size);
  }
  heap_clear(&heap);
}

static void test_a_block_given_back_is_had_again(void **state) {
  Heap heap;
  heap_init(&heap, 8 * 1024 * 1024);
  void *first = heap_resize(&heap, NULL, 0, 40);
  heap_free(&heap, first, 40);
  void *second = heap_resize(&heap, NULL, 0, 48);
  if (heap.region) assert_ptr_equal(first, second);
  heap_free(&heap, second, 48);
  heap_clear(&heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_bytes_survive_growing_and_shrinking),
    cmocka_unit_test(test_no_two_blocks_share_a_byte_and_more_than_the_region_can_be_had),
    cmocka_unit_test(test_a_block_given_back_is_had_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
