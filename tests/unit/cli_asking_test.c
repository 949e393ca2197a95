// cli/asking: Ctrl-C at a terminal (of a pair of our own) while nobody reads its keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/asking.h"

enum { PATIENCE_S = 60 };

typedef struct {
  int keyboard, terminal;
  Buf typed;
} World;

// As libedit sets it for typing.
static void type_raw(int terminal) {
  struct termios settings;
  assert_int_equal(tcgetattr(terminal, &settings), 0);
  settings.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO);
  assert_int_equal(tcsetattr(terminal, TCSANOW, &settings), 0);
}

static int set_up(void **state) {
  static World world;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  buf_init(&world.typed);
  assert_int_equal(openpty(&world.keyboard, &world.terminal, NULL, NULL, NULL), 0);
  type_raw(world.terminal);
  *state = &world;
  return 0;
}

static int tear_down(void **state) {
  World *world = *state;
  close(world->keyboard);
  close(world->terminal);
  buf_clear(&world->typed);
  return 0;
}

static void press(World *world, Str keys) {
  assert_int_equal(write(world->keyboard, keys.ptr, keys.len), keys.len);
}

static bool is_interrupted(int patience_s) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return sigtimedwait(&set, NULL, &(struct timespec){ .tv_sec = patience_s }) == SIGINT;
}

// Whether the watcher has changed the terminal.
static bool makes_signals(const World *world) {
  struct termios settings;
  tcgetattr(world->terminal, &settings);
  return (settings.c_lflag & ISIG) != 0;
}

static void await_signals(const World *world) {
  for (int i = 0; i < PATIENCE_S * 100 && !makes_signals(world); i++) usleep(10 * 1000);
  assert_true(makes_signals(world));
}

static void test_an_earlier_ctrl_c_interrupts_and_keys_behind_it_are_kept(void **state) {
  World *world = *state;
  Asking asking;
  press(world, STR("ab\003cd\003\345\275"));
  asking_begin(&asking, world->terminal, &world->typed);
  assert_true(is_interrupted(PATIENCE_S));
  asking_end(&asking);
  assert_true(str_eq(buf_str(&world->typed), STR("\345\275")));
  assert_false(is_interrupted(0));
  assert_false(makes_signals(world));
}

static void test_keys_without_ctrl_c_are_kept_in_order_over_several_questions(void **state) {
  World *world = *state;
  for (int i = 0; i < 2; i++) {
    Asking asking;
    asking_begin(&asking, world->terminal, &world->typed);
    press(world, i ? STR("cd") : STR("ab"));
    await_signals(world);
    asking_end(&asking);
    assert_false(is_interrupted(0));
  }
  // What came after the keys were read is still the terminal's.
  char left[8];
  press(world, STR("!"));
  ssize_t len = read(world->terminal, left, sizeof left);
  assert_true(len > 0 && left[len - 1] == '!');
  buf_add(&world->typed, str_make(left, (size_t)len));
  assert_true(str_eq(buf_str(&world->typed), STR("abcd!")));
}

static void test_after_quick_questions_ctrl_c_is_a_key(void **state) {
  World *world = *state;
  Asking asking;
  char key;
  for (int i = 0; i < 100; i++) {
    asking_begin(&asking, world->terminal, &world->typed);
    asking_end(&asking);
  }
  press(world, STR("\003"));
  assert_int_equal(read(world->terminal, &key, 1), 1);
  assert_int_equal(key, 3);
  assert_int_equal(world->typed.len, 0);
  assert_false(is_interrupted(0));
}

static void test_a_terminal_that_edits_lines_itself_is_not_read(void **state) {
  World *world = *state;
  struct termios settings;
  Asking asking;
  char line[8];
  tcgetattr(world->terminal, &settings);
  settings.c_lflag |= ICANON;
  tcsetattr(world->terminal, TCSANOW, &settings);
  press(world, STR("ab\n"));
  asking_begin(&asking, world->terminal, &world->typed);
  await_signals(world);
  asking_end(&asking);
  assert_int_equal(read(world->terminal, line, sizeof line), 3);
  assert_int_equal(world->typed.len, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_an_earlier_ctrl_c_interrupts_and_keys_behind_it_are_kept,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(
        test_keys_without_ctrl_c_are_kept_in_order_over_several_questions, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_after_quick_questions_ctrl_c_is_a_key, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_terminal_that_edits_lines_itself_is_not_read, set_up,
                                    tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
