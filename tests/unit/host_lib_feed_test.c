// host.feed: notes from the rest of the process to a script that waits for them.
#define HOST_IS_GLOBAL
#include "host_world.h"

#include "host/feed.h"

static Feed *feed;

static int set_up(void **state) {
  world_open(state);
  world.options.feed = feed = feed_new();
  return feed ? 0 : -1;
}

static int tear_down(void **state) {
  int result = world_close(state);
  feed_free(feed);
  return result;
}

#define READ                                                                                       \
  "function on_message() local kind, text = host.feed.next() return kind .. ' ' .. text end"

static void test_notes_come_in_their_order(void **state) {
  load(READ);
  feed_put(feed, "error", STR("one"));
  feed_put(feed, "reload", STR("two"));
  assert_answer("x", TASK_RETURNED, "error one");
  assert_answer("x", TASK_RETURNED, "reload two");
}

static void test_a_reader_waits_for_the_next_note(void **state) {
  Heard heard;
  load(READ);
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_WAITING);
  usleep(10000);
  assert_false(heard.done);
  feed_put(feed, "error", STR("late"));
  assert_true(answer_wait(&heard, 5000));
  assert_string_equal(heard.reply, "error late");
  answer_clear(&heard);
}

static void test_a_note_has_the_time_when_it_was_put_in(void **state) {
  feed_put(feed, "error", STR("x"));
  assert_holds("local _, _, at = host.feed.next() is(math.abs(at - os.time()) < 60, true)");
}

static void test_of_too_many_notes_the_oldest_go(void **state) {
  char text[20];
  load(READ);
  for (int i = 1; i <= 1001; i++) {
    snprintf(text, sizeof text, "%d", i);
    feed_put(feed, "n", str_of(text));
  }
  assert_answer("x", TASK_RETURNED, "n 2");
}

static void test_without_a_feed_reading_raises(void **state) {
  world.options.feed = NULL;
  assert_holds("fails('this interpreter has no feed', host.feed.next)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_notes_come_in_their_order),
    TEST(test_a_reader_waits_for_the_next_note),
    TEST(test_a_note_has_the_time_when_it_was_put_in),
    TEST(test_of_too_many_notes_the_oldest_go),
    TEST(test_without_a_feed_reading_raises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
