// bot/desk_login: the right password begins a session; wrong ones are counted; sessions end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bot/desk_login.h"

#include <stdio.h>
#include <string.h>

static DeskLogin *login;
static char token[DESK_TOKEN_LEN + 1], cookies[256];

static int set_up(void **state) {
  login = desk_login_new(STR("the password"));
  return login ? 0 : -1;
}

static int tear_down(void **state) {
  desk_login_free(login);
  return 0;
}

static DeskLoginResult try_from(const char *address, const char *password) {
  return desk_login_try(login, str_of(password), str_of(address), token);
}

static bool knows(const char *format) {
  snprintf(cookies, sizeof cookies, format, token);
  return desk_login_knows(login, str_of(cookies));
}

static void test_the_password_makes_a_session_that_its_cookie_names(void **state) {
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
  assert_int_equal(strlen(token), DESK_TOKEN_LEN);
  assert_true(knows("wemoon_desk=%s"));
  assert_true(knows("a=b; wemoon_desk=%s; c"));
  assert_false(knows("wemoon_desk=%.63s"));
  assert_false(knows("other_wemoon_desk=%s"));
  token[0] = token[0] == 'a' ? 'b' : 'a';
  assert_false(knows("wemoon_desk=%s"));
  assert_false(desk_login_knows(login, STR("")));
}

static void test_another_password_makes_none(void **state) {
  static const char *const wrong[] = { "", "the passwor", "the password ", "THE PASSWORD" };
  for (int i = 0; i < 4; i++) assert_int_equal(try_from("a", wrong[i]), DESK_LOGIN_WRONG);
}

static void test_who_was_wrong_too_often_waits_a_minute_and_nobody_else(void **state) {
  for (int i = 0; i < 5; i++) assert_int_equal(try_from("a", "x"), DESK_LOGIN_WRONG);
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_TOO_OFTEN);
  assert_int_equal(try_from("b", "the password"), DESK_LOGIN_RIGHT);
  clock_advance(60 * 1000 * 1000);
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
}

static void test_many_addresses_together_are_held_back_too(void **state) {
  char address[16];
  for (int i = 0; i < 60; i++) {
    snprintf(address, sizeof address, "10.0.0.%d", i);
    assert_int_equal(try_from(address, "x"), DESK_LOGIN_WRONG);
  }
  assert_int_equal(try_from("b", "the password"), DESK_LOGIN_TOO_OFTEN);
}

static void test_a_session_ends_by_itself_or_when_it_is_told_to(void **state) {
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
  clock_advance((DESK_SESSION_S - 1) * 1000000LL);
  assert_true(knows("wemoon_desk=%s"));
  clock_advance(DESK_SESSION_S * 1000000LL);
  assert_false(knows("wemoon_desk=%s"));
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
  assert_true(knows("wemoon_desk=%s"));
  desk_login_end(login, str_of(cookies));
  assert_false(knows("wemoon_desk=%s"));
}

static void test_the_oldest_session_makes_room(void **state) {
  char first[sizeof token];
  assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
  memcpy(first, token, sizeof first);
  for (int i = 0; i < DESK_SESSIONS_MAX; i++) {
    clock_advance(1000 * 1000);
    assert_int_equal(try_from("a", "the password"), DESK_LOGIN_RIGHT);
  }
  assert_true(knows("wemoon_desk=%s"));
  memcpy(token, first, sizeof first);
  assert_false(knows("wemoon_desk=%s"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_the_password_makes_a_session_that_its_cookie_names, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_another_password_makes_none, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_who_was_wrong_too_often_waits_a_minute_and_nobody_else,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_many_addresses_together_are_held_back_too, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_a_session_ends_by_itself_or_when_it_is_told_to, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_the_oldest_session_makes_room, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
