// bot/channel: frames, whole and in pieces; a malformed frame ends the channel.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/channel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static Channel near_end, far_end;
static char word[CHANNEL_WORD_MAX];
static Str text;

static int set_up(void **state) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return -1;
  channel_open(&near_end, pair[0]);
  channel_open(&far_end, pair[1]);
  return 0;
}

static int tear_down(void **state) {
  channel_close(&near_end);
  channel_close(&far_end);
  return 0;
}

static void send_bytes(const char *bytes) {
  assert_int_equal(write(near_end.fd, bytes, strlen(bytes)), strlen(bytes));
}

static void assert_reads(const char *name, const char *expected) {
  assert_int_equal(channel_read(&far_end, 1000, word, &text), CHANNEL_READ);
  assert_string_equal(word, name);
  assert_true(str_eq(text, str_of(expected)));
}

static void test_what_is_sent_is_read(void **state) {
  assert_true(channel_send(&near_end, "line", STR("1 + 1\nx")));
  assert_true(channel_send(&near_end, "end", STR("")));
  assert_reads("line", "1 + 1\nx");
  assert_reads("end", "");
  assert_int_equal(channel_read(&far_end, 0, word, &text), CHANNEL_NOTHING);
}

static void test_a_frame_may_come_byte_by_byte(void **state) {
  for (const char *at = "line 3\nabc"; *at; at++) {
    assert_int_equal(channel_read(&far_end, 0, word, &text), CHANNEL_NOTHING);
    send_bytes((char[]){ *at, 0 });
  }
  assert_reads("line", "abc");
}

static void test_a_frame_is_taken_out_of_others_which_stay(void **state) {
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_NOTHING);
  send_bytes("line 3\nabcresize 2\n80interrupt 0\nresize 2\n90interr");
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_READ);
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_NOTHING);
  send_bytes("upt 1\nx");
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_READ);
  assert_reads("line", "abc");
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_NOTHING);
  assert_reads("resize", "80");
  assert_reads("resize", "90");
  channel_close(&near_end);
  assert_int_equal(channel_take(&far_end, "interrupt"), CHANNEL_OVER);
}

static void test_what_is_no_frame_ends_it(void **state) {
  static const char *const bad[] = { "GET / HTTP/1.1\n",
                                     "line\n",
                                     "line -1\n",
                                     "line 99999999999\n",
                                     "line 1x\n",
                                     " 1\n",
                                     "a_word_that_is_too_long 1\nx",
                                     "no line end within what a head may take...." };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (i > 0) assert_int_equal(set_up(state), 0);
    send_bytes(bad[i]);
    assert_int_equal(channel_read(&far_end, 100, word, &text), CHANNEL_OVER);
    if (i + 1 < sizeof bad / sizeof *bad) tear_down(state);
  }
}

static void test_the_other_end_may_be_gone(void **state) {
  channel_close(&near_end);
  assert_int_equal(channel_read(&far_end, -1, word, &text), CHANNEL_OVER);
  assert_false(channel_send(&far_end, "line", STR("x")) &&
               channel_send(&far_end, "line", STR("x")));
}

static void test_the_kernel_knows_who_is_there(void **state) {
  int pid;
  unsigned uid;
  assert_true(channel_peer(&far_end, &pid, &uid));
  assert_int_equal(pid, getpid());
  assert_int_equal(uid, getuid());
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_what_is_sent_is_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_frame_may_come_byte_by_byte, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_frame_is_taken_out_of_others_which_stay, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_what_is_no_frame_ends_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_the_other_end_may_be_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_the_kernel_knows_who_is_there, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
