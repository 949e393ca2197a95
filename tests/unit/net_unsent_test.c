// The list of answers whose clients have not taken all of them.
#include "net/unsent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"

enum { SECOND = 1000 * 1000 };

// An answer without a connection: all that was sent counts as taken.
typedef struct {
  Unsent unsent;
  size_t sent;
} Item;

static void add(UnsentList *list, Item *item, size_t bytes) {
  unsent_add(list, &item->unsent, -1, &item->sent, bytes);
}

static void test_what_is_added_and_removed_leaves_an_empty_list(void **state) {
  UnsentList list;
  Item items[3] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < 3; i++) add(&list, &items[i], 1000);
  assert_int_equal(list.count, 3);
  assert_int_equal(list.bytes, 3000);
  for (int i = 0; i < 3; i++) unsent_remove(&list, &items[(i + 1) % 3].unsent);
  unsent_remove(&list, &items[0].unsent);  // once more
  assert_int_equal(list.count, 0);
  assert_int_equal(list.bytes, 0);
  assert_null(unsent_excess(&list));
}

static void test_one_is_to_go_when_all_are_too_large(void **state) {
  UnsentList list;
  Item items[3] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < 2; i++) add(&list, &items[i], UNSENT_BYTES_MOST / 2);
  assert_null(unsent_excess(&list));
  add(&list, &items[2], 1);
  assert_ptr_equal(unsent_excess(&list), &items[0].unsent);
  unsent_remove(&list, &items[0].unsent);
  assert_null(unsent_excess(&list));
}

static void test_one_is_to_go_when_there_are_too_many(void **state) {
  UnsentList list;
  Item items[UNSENT_MOST + 1] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < UNSENT_MOST; i++) add(&list, &items[i], 1);
  assert_null(unsent_excess(&list));
  add(&list, &items[UNSENT_MOST], 1);
  assert_non_null(unsent_excess(&list));
}

static void test_there_may_be_fewer_where_descriptors_are_few(void **state) {
  UnsentList list;
  Item items[3] = { 0 };
  unsent_init(&list, 2);
  for (int i = 0; i < 2; i++) add(&list, &items[i], 1);
  assert_null(unsent_excess(&list));
  add(&list, &items[2], 1);
  assert_non_null(unsent_excess(&list));
}

static void test_the_only_one_may_be_of_any_size(void **state) {
  UnsentList list;
  Item one = { 0 };
  unsent_init(&list, SIZE_MAX);
  add(&list, &one, (size_t)UNSENT_BYTES_MOST * 2);
  assert_null(unsent_excess(&list));
}

static void test_the_slowest_is_to_go_and_not_the_oldest(void **state) {
  UnsentList list;
  Item items[4] = { 0 };
  unsent_init(&list, 3);
  for (int i = 0; i < 3; i++) add(&list, &items[i], 1);
  clock_advance(10 * SECOND);
  items[0].sent = 2000000;
  items[1].sent = 1000;
  items[2].sent = 1000000;
  add(&list, &items[3], 1);
  assert_ptr_equal(unsent_excess(&list), &items[1].unsent);
  items[1].sent = 3000000;
  assert_ptr_equal(unsent_excess(&list), &items[2].unsent);
}

static void test_what_was_sent_before_does_not_count(void **state) {
  UnsentList list;
  Item items[3] = { { .sent = 4000000 } };
  unsent_init(&list, 2);
  for (int i = 0; i < 2; i++) add(&list, &items[i], 1);
  clock_advance(10 * SECOND);
  items[1].sent = 200000;
  add(&list, &items[2], 1);
  assert_ptr_equal(unsent_excess(&list), &items[0].unsent);
}

// Who comes in a crowd that reads a byte now and then, and had no time to read.
static void test_a_newcomer_stays_and_who_drips_goes(void **state) {
  UnsentList list;
  Item drips = { 0 }, fresh = { 0 }, newest = { 0 };
  unsent_init(&list, 2);
  add(&list, &drips, 1);
  clock_advance(5 * SECOND);
  drips.sent = 5000;
  add(&list, &fresh, 1);
  add(&list, &newest, 1);
  assert_ptr_equal(unsent_excess(&list), &drips.unsent);
  drips.sent = 5000000;
  assert_ptr_equal(unsent_excess(&list), &fresh.unsent);  // never the newest
}

static int lines;
static char last_line[400];
static bool is_about_user;

static void take_line(void *ctx, LogLevel level, Str message) {
  LogSubject subject = log_about((LogSubject){ 0 });
  is_about_user = subject.openid.len > 0;
  log_about(subject);
  lines++;
  snprintf(last_line, sizeof last_line, "%.*s", STR_FMT(message));
}

static void test_the_log_says_how_many_were_cut_off_once_a_minute(void **state) {
  UnsentList list;
  Item one = { 0 };
  unsent_init(&list, 100);
  add(&list, &one, 1);
  log_tap(LOG_WARN, take_line, NULL);
  for (int i = 0; i < 3; i++) unsent_report_cut(&list, &one.unsent);
  assert_int_equal(lines, 1);
  assert_non_null(strstr(last_line, "cut=1 "));
  assert_non_null(strstr(last_line, "At most 100 answers or 64 MB wait"));
  clock_advance(61 * SECOND);
  unsent_report_cut(&list, &one.unsent);
  assert_int_equal(lines, 2);
  assert_non_null(strstr(last_line, "cut=3 "));
  log_tap(LOG_WARN, NULL, NULL);
}

// It is said while another's answer is added.
static void test_the_line_names_no_user(void **state) {
  UnsentList list;
  Item one = { 0 };
  unsent_init(&list, 100);
  add(&list, &one, 1);
  lines = 0;
  LogSubject before = log_about((LogSubject){ .openid = STR("innocent") });
  log_tap(LOG_WARN, take_line, NULL);
  unsent_report_cut(&list, &one.unsent);
  log_tap(LOG_WARN, NULL, NULL);
  assert_string_equal(log_about(before).openid.ptr, "innocent");
  assert_int_equal(lines, 1);
  assert_false(is_about_user);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_added_and_removed_leaves_an_empty_list),
    cmocka_unit_test(test_one_is_to_go_when_all_are_too_large),
    cmocka_unit_test(test_one_is_to_go_when_there_are_too_many),
    cmocka_unit_test(test_there_may_be_fewer_where_descriptors_are_few),
    cmocka_unit_test(test_the_only_one_may_be_of_any_size),
    cmocka_unit_test(test_the_slowest_is_to_go_and_not_the_oldest),
    cmocka_unit_test(test_what_was_sent_before_does_not_count),
    cmocka_unit_test(test_a_newcomer_stays_and_who_drips_goes),
    cmocka_unit_test(test_the_log_says_how_many_were_cut_off_once_a_minute),
    cmocka_unit_test(test_the_line_names_no_user),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
