// Entries come and go, and what is left moves to the front.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/dedupe_entries.h"

#include <stdlib.h>
#include <string.h>

static uint32_t take(Entries *entries, Str identity) {
  uint32_t number = entries_take(entries);
  Entry *entry = entries_at(entries, number);
  *entry = (Entry){ .tries = 1 };
  assert_true(entry_keep_identity(entry, identity));
  return number;
}

static void put_back(Entries *entries, uint32_t number) {
  entries_put_back(entries, entries_at(entries, number), number);
}

static void test_an_entry_holds_texts_of_any_length(void **state) {
  Entries entries;
  entries_init(&entries);
  static char text[3 * ENTRY_ROOM];
  memset(text, 'x', sizeof text);
  for (size_t len = 0; len <= sizeof text; len++) {
    Str identity = str_make(text, len), answer = str_make(text, sizeof text - len);
    uint32_t number = take(&entries, identity);
    Entry *entry = entries_at(&entries, number);
    assert_true(entry_keep_answer(entry, answer));
    assert_true(str_eq(entry_identity(entry), identity));
    assert_true(str_eq(entry_answer(entry), answer));
    assert_int_equal(entry_long_bytes(entry), entry->long_answer ? answer.len : 0);
    if (len % 2) put_back(&entries, number);
  }
  entries_clear(&entries);
}

static void test_the_last_place_is_left_until_no_other_is_spare(void **state) {
  Entries entries;
  entries_init(&entries);
  for (uint32_t i = 0; i < 5; i++) assert_int_equal(take(&entries, STR("a")), i);
  assert_int_equal(entries_leave_last(&entries), 4);  // none is spare
  assert_int_equal(entries.used, 5);
  put_back(&entries, 1);
  put_back(&entries, 4);
  put_back(&entries, 2);
  assert_int_equal(entries_leave_last(&entries), INDEX_NONE);  // 4 was spare, between the others
  assert_int_equal(entries_leave_last(&entries), 2);           // 3 moves there
  *entries_at(&entries, 2) = *entries_at(&entries, 3);
  assert_int_equal(entries_leave_last(&entries), 1);
  *entries_at(&entries, 1) = *entries_at(&entries, 2);
  assert_int_equal(entries_leave_last(&entries), 1);
  assert_int_equal(entries.used, 2);
  assert_int_equal(entries_take(&entries), 2);
  entries_at(&entries, 2)->long_identity = entries_at(&entries, 2)->long_answer = NULL;
  entries_clear(&entries);
}

static void test_a_block_that_is_empty_is_given_back(void **state) {
  Entries entries;
  entries_init(&entries);
  for (int i = 0; i < 3 * ENTRIES_BLOCK; i++) take(&entries, STR("a"));
  assert_false(entries_free_last_block(&entries, 0));
  for (uint32_t i = ENTRIES_BLOCK; i < 3 * ENTRIES_BLOCK; i++) put_back(&entries, i);
  while (entries.used > ENTRIES_BLOCK) assert_int_equal(entries_leave_last(&entries), INDEX_NONE);
  assert_false(entries_free_last_block(&entries, 2 * ENTRIES_BLOCK + 1));
  assert_true(entries_free_last_block(&entries, 2 * ENTRIES_BLOCK));
  assert_true(entries_free_last_block(&entries, 0));
  assert_false(entries_free_last_block(&entries, 0));
  assert_int_equal(entries_room(&entries), ENTRIES_BLOCK);
  assert_int_equal(take(&entries, STR("b")), ENTRIES_BLOCK);
  entries_clear(&entries);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_entry_holds_texts_of_any_length),
    cmocka_unit_test(test_the_last_place_is_left_until_no_other_is_spare),
    cmocka_unit_test(test_a_block_that_is_empty_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
