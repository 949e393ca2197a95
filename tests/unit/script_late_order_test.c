// One user's late answers are sent in the order of the user's messages.
#include "script_world.h"

// On this thread malloc, which a call of the store needs, finds no memory. Meanwhile another thread may ask the same of
// the store. The linker replaces malloc by the function below.
static __thread bool no_memory;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size) {
  if (!no_memory) return __real_malloc(size);
  usleep(400 * 1000);
  return NULL;
}

static LateOrder *order;
static LatePlace *second;

// Waits until `second` is its user's first place.
static int l_await(lua_State *L) {
  Wait *wait = wait_begin(L, "a place");
  if (!late_order_await(second, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

static int set_up(void **state) {
  static const luaL_Reg functions[] = { { "await", l_await }, { NULL, NULL } };
  world_functions = functions;
  order = late_order_new(NULL, STR(""), NULL);
  return world_open(state);
}

static int tear_down(void **state) {
  int result = world_close(state);
  late_order_free(order);
  return result;
}

static FILE *neighbour;

// On a file that another process has open too.
static int set_up_in_company(void **state) {
  char url[128], command[140];
  if (set_up(state) != 0) return -1;
  late_order_free(order);
  snprintf(url, sizeof url, "sqlite:%s/kept.db", world.folder);
  world.store = store_open(str_of(url), NULL);
  snprintf(command, sizeof command, "sqlite3 %s/kept.db > /dev/null", world.folder);
  neighbour = popen(command, "w");
  if (neighbour) fputs("SELECT 1 FROM wemoon_store;\n", neighbour);
  if (neighbour) fflush(neighbour);
  world.shared.keep = world.store && neighbour ? world_new_keep() : NULL;
  if (!world.shared.keep) return -1;
  for (int i = 0; i < 1000 && store_company(world.store) == STORE_ALONE; i++) usleep(5000);
  order = late_order_new(world.store, STR("gh_1"), world.shared.keep);
  return order && store_company(world.store) != STORE_ALONE ? 0 : -1;
}

static int tear_down_in_company(void **state) {
  late_order_free(order);
  order = NULL;
  keep_free(world.shared.keep);
  pclose(neighbour);
  return tear_down(state);
}

static bool waits(Heard *heard) {
  load("function on_message() wechat.await() return 'first' end");
  answer_init(heard);
  return send_text(heard, "x") == TASK_WAITING;
}

static void assert_goes_on(Heard *heard) {
  assert_true(answer_wait(heard, 5000));
  assert_string_equal(heard->reply, "first");
  answer_clear(heard);
}

// Asserts that the message of `second` waits until `first` is left.
static void assert_waits_for(LatePlace *first) {
  Heard heard;
  assert_true(waits(&heard));
  usleep(20000);
  assert_false(heard.done);
  late_order_leave(first, false);
  assert_goes_on(&heard);
  late_order_leave(second, false);
}

static void test_the_second_waits_until_the_first_has_left(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_waits_for(first);
}

static void test_another_users_place_is_not_waited_for(void **state) {
  LatePlace *other = late_order_enter(order, STR("other"), STR("m"));
  Heard heard;
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_false(waits(&heard));
  assert_goes_on(&heard);
  late_order_leave(other, false);
  late_order_leave(second, false);
}

static void test_a_place_that_is_held_twice_is_left_twice(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_ptr_equal(late_order_hold(first), first);
  late_order_leave(first, false);
  assert_waits_for(first);
}

static void test_a_place_between_two_others_may_be_left_first(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  LatePlace *middle = late_order_enter(order, STR("user"), STR("m"));
  Heard heard;
  second = late_order_enter(order, STR("user"), STR("m"));
  late_order_leave(middle, false);
  assert_true(waits(&heard));
  late_order_leave(first, false);
  assert_goes_on(&heard);
  late_order_leave(second, false);
}

// The second place looks into the store time and again. A look waits behind the call that has no memory.
static void test_a_call_of_the_store_without_memory_holds_up_nobody(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("1")), *third;
  Heard heard;
  second = late_order_enter(order, STR("user"), STR("2"));
  third = late_order_enter(order, STR("user"), STR("3"));
  assert_true(waits(&heard));
  alarm(60);
  usleep(50 * 1000);  // between two looks
  no_memory = true;
  late_order_share(third);
  no_memory = false;
  late_order_leave(first, false);
  assert_goes_on(&heard);
  late_order_leave(second, false);
  no_memory = true;
  late_order_leave(third, false);
  no_memory = false;
  alarm(0);
}

static void test_null_is_left_and_held_without_effect(void **state) {
  assert_null(late_order_hold(NULL));
  late_order_leave(NULL, false);
  late_order_free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_second_waits_until_the_first_has_left),
    TEST(test_another_users_place_is_not_waited_for),
    TEST(test_a_place_that_is_held_twice_is_left_twice),
    TEST(test_a_place_between_two_others_may_be_left_first),
    cmocka_unit_test_setup_teardown(test_a_call_of_the_store_without_memory_holds_up_nobody,
                                    set_up_in_company, tear_down_in_company),
    TEST(test_null_is_left_and_held_without_effect),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
