// bot/notices: a notice to forget a user spares the message that its value names, and no other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "bot/notices.h"
#include "script/cancels.h"

static Store *store;
static BotShared shared;
static Notices *notices;

static int begin(void **state) {
  Err err;
  store = store_open(STR("memory:"), &err);
  shared = (BotShared){ .conversations = conversations_new(), .cancels = cancels_new() };
  notices = store ? notices_new(store, STR("gh_1"), &shared) : NULL;
  return notices ? 0 : -1;
}

static int end(void **state) {
  notices_free(notices);
  cancels_free(shared.cancels);
  conversations_free(shared.conversations);
  store_close(store);
  return 0;
}

static void set(const char *key, Str value) {
  StoreCall call = { .op = STORE_SET, .key = str_of(key), .value = value };
  store_reply_free(store_call_wait(store, &call, NULL));
}

// A notice of another process, made now; `name` follows its number. Waits until it was handled.
static void give(const char *name, Str value) {
  char key[STORE_KEY_MAX];
  snprintf(key, sizeof key, "forgotten/gh_1/1%s", name);
  set(key, value);
  set("forgotten/gh_1", STR("1"));
  notices_look(notices, clock_now_us());
  notices_free(notices);
  notices = notices_new(store, STR("gh_1"), &shared);
}

static void give_forget(Str identity) {
  char name[100];
  snprintf(name, sizeof name, "@%lld/openid-1", (long long)clock_unix_ms() + 1000);
  give(name, identity);
}

static bool is_over(Str identity) {
  TaskRank rank = { .made_s = 100, .arrived_us = 1 };
  return cancels_is_outdated(shared.cancels, STR("openid-1"), identity, rank);
}

static void test_one_without_an_identity_spares_nothing(void **state) {
  give_forget(STR(""));
  assert_true(is_over(STR("m")));
  assert_true(is_over(STR("")));
}

static void test_one_of_an_earlier_wemoon_is_without_time_and_identity(void **state) {
  give("/openid-1", STR(""));
  assert_true(is_over(STR("m")));
}

static void test_it_spares_the_message_of_its_identity(void **state) {
  give_forget(STR("own"));
  assert_false(is_over(STR("own")));
  assert_true(is_over(STR("m")));
}

static void test_a_leading_c_is_not_of_the_identity(void **state) {
  give_forget(STR("cown"));
  assert_false(is_over(STR("own")));
  assert_true(is_over(STR("cown")));
}

static void test_an_identity_may_have_slashes_and_be_longer_than_a_key(void **state) {
  char text[2 * STORE_KEY_MAX];
  memset(text, '/', sizeof text);
  give_forget(str_make(text, sizeof text));
  assert_false(is_over(str_make(text, sizeof text)));
  assert_true(is_over(str_make(text, sizeof text - 1)));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_one_without_an_identity_spares_nothing),
    TEST(test_one_of_an_earlier_wemoon_is_without_time_and_identity),
    TEST(test_it_spares_the_message_of_its_identity),
    TEST(test_a_leading_c_is_not_of_the_identity),
    TEST(test_an_identity_may_have_slashes_and_be_longer_than_a_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
