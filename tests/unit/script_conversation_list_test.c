// The open conversations, for display.
#include "script_asking.h"

static char listed[400];

static Str base_name(Str path) {
  size_t at = path.len;
  while (at > 0 && path.ptr[at - 1] != '/') at--;
  return str_sub(path, at, path.len);
}

static void add_line(void *ctx, const OpenConversation *one) {
  size_t len = strlen(listed);
  snprintf(listed + len, sizeof listed - len, "%.*s %.*s %.*s %s;", STR_FMT(one->openid),
           STR_FMT(one->question), STR_FMT(base_name(one->place)),
           one->left_s < 0    ? "never"
           : one->left_s == 0 ? "now"
                              : "later");
}

static const char *list(size_t max) {
  listed[0] = '\0';
  conversations_list(&world.shared, max, add_line, NULL);
  return listed;
}

static void test_a_conversation_in_memory_is_shown_with_its_question_and_place(void **state) {
  assert_string_equal(list(10), "");
  ask("x");
  assert_string_equal(list(10), "openid-1 Which size? bot.lua:3 never;");
  assert_string_equal(list(0), "");
}

static void test_a_conversation_in_the_store_is_shown_once(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  assert_string_equal(list(10), "openid-1 Which size? bot.lua:3 never;");
  assert_int_equal(conversations_open(&world.shared), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_in_memory, world_close)
#define TEST_KEPT(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_conversation_in_memory_is_shown_with_its_question_and_place),
    TEST_KEPT(test_a_conversation_in_the_store_is_shown_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
