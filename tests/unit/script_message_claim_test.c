// A run whose message another process may have run asks the store before it calls anything, and before it answers.
#include "script_world.h"

#include "engine/door.h"

static atomic_bool in_doubt, is_mine;
static atomic_int asked, acts, reads;

static bool is_in_doubt(void *owner) { return atomic_load(&in_doubt); }

static bool confirm(void *owner, void (*told)(void *ctx, bool mine), void *ctx) {
  atomic_fetch_add(&asked, 1);
  told(ctx, atomic_load(&is_mine));
  return true;
}

static bool nobody_to_ask(void *owner, void (*told)(void *ctx, bool mine), void *ctx) {
  atomic_fetch_add(&asked, 1);
  return false;
}

static const MessageClaim claim = { is_in_doubt, confirm }, away = { is_in_doubt, nobody_to_ask };

static int l_act(lua_State *L) {
  atomic_fetch_add(&acts, 1);
  return 0;
}

static int l_read(lua_State *L) {
  atomic_fetch_add(&reads, 1);
  return 0;
}

// From now on another process may have run the message.
static int l_doubt(lua_State *L) {
  atomic_store(&in_doubt, true);
  return 0;
}

static const DoorFunction doors[] = {
  { "wechat.doubt", "doubt", l_doubt, DOOR_TELLS, NULL },
  { "wechat.act", "act", l_act, DOOR_ACTS, NULL },
  { "wechat.read", "read", l_read, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int set_up(void **state) {
  world_doors = doors;
  asked = acts = reads = 0;
  in_doubt = is_mine = true;
  int result = world_open_shared(state);
  world_message.claim = &claim;
  return result;
}

static void test_a_run_that_lost_its_message_makes_no_call(void **state) {
  is_mine = false;
  load("function on_message(msg) wechat.sleep(0.02) wechat.act() return 'done' end");
  assert_answer("x", TASK_DIFFERS, "");
  assert_int_equal(acts, 0);
  assert_int_equal(asked, 1);
  assert_logged("another process took its message over");
}

static void test_a_message_that_is_still_its_own_is_gone_on_with(void **state) {
  load("function on_message(msg) wechat.act() wechat.act() return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_int_equal(acts, 2);
  assert_int_equal(asked, 3);
}

static void test_a_run_that_lost_its_message_gives_no_answer(void **state) {
  is_mine = false;
  load("function on_message(msg) wechat.sleep(0.02) return 'done' end");
  assert_answer("x", TASK_DIFFERS, "");
}

static void test_a_run_that_lost_its_message_reads_nothing_either(void **state) {
  is_mine = false;
  load("function on_message(msg) wechat.read() return 'done' end");
  assert_answer("x", TASK_DIFFERS, "");
  assert_int_equal(reads, 0);
  assert_int_equal(asked, 1);
}

static void test_where_nobody_can_be_asked_it_goes_on(void **state) {
  world_message.claim = &away;
  load("function on_message(msg) wechat.sleep(0.02) wechat.act() return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_int_equal(acts, 1);
  assert_int_equal(asked, 2);
}

static void test_without_a_doubt_nobody_is_asked(void **state) {
  in_doubt = false;
  load("function on_message(msg) wechat.sleep(0.02) wechat.act() return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_int_equal(acts, 1);
  assert_int_equal(asked, 0);
}

static bool is_late(void *owner, const Answer *answer) { return true; }
static bool none_under_way(void) { return atomic_load(&world.shared.late_under_way) == 0; }

// Without a call of the script the record begins with the answer that is owed.
static void test_a_late_answer_does_not_ask_for_a_message_that_is_over(void **state) {
  in_doubt = false;
  world_message.identity = STR("id-1");
  world_message.late = is_late;
  load("wechat.on_late(function() wechat.doubt() wechat.act() end)\n"
       "function on_message(msg) return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_true(wait_for(none_under_way));
  assert_int_equal(acts, 1);
  assert_int_equal(asked, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_run_that_lost_its_message_makes_no_call),
    TEST(test_a_message_that_is_still_its_own_is_gone_on_with),
    TEST(test_a_run_that_lost_its_message_gives_no_answer),
    TEST(test_a_run_that_lost_its_message_reads_nothing_either),
    TEST(test_where_nobody_can_be_asked_it_goes_on),
    TEST(test_without_a_doubt_nobody_is_asked),
    TEST(test_a_late_answer_does_not_ask_for_a_message_that_is_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
