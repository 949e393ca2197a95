// engine/outside_lib: time and random numbers pass the door.
#include "door_world.h"

static void test_time_and_chance_are_given_again(void **state) {
  const char *code = "local r = {} for i = 1, 5 do r[i] = math.random(1000000) end\n"
                     "r[6], r[7], r[8] = os.time(), os.clock(), os.date()\n"
                     "save() return table.concat(r, ' ')";
  run_new_record(code);
  char first[sizeof world.result];
  strcpy(first, world.result);
  usleep(1100000);
  run_again(code);
  assert_result(first);
}

// Runs `code`, whose result does not depend on where it is saved, and again from its record: what comes after the
// record must be what it was.
static void assert_goes_on(const char *code) {
  run_new_record(code);
  char first[sizeof world.result];
  assert_int_equal(world.state, TASK_RETURNED);
  strcpy(first, world.result);
  run_again(code);
  assert_string_equal(world.difference, "");
  assert_result(first);
}

#define DRAW                                                                                       \
  "local r = {} local function draw(n) for _ = 1, n do r[#r + 1] = math.random(1000000) end end\n"
#define ANSWER "return table.concat(r, ' ')"

static void test_a_seeded_generator_goes_on_after_a_replay(void **state) {
  assert_goes_on(DRAW "math.randomseed(42) draw(3) save() draw(5) " ANSWER);
  assert_goes_on(DRAW "math.randomseed(os.time()) draw(3) save() draw(5) " ANSWER);
  assert_goes_on(
      DRAW
      "math.randomseed(1, 2) draw(1) math.random() math.random(0) math.random(3, 2^40 // 1 | 0)"
      "save() draw(5) " ANSWER);
}

static void test_a_seed_from_outside_is_given_again(void **state) {
  assert_goes_on(DRAW "r[1], r[2] = math.randomseed() draw(3) save() draw(5) " ANSWER);
  assert_true(strchr(world.result, ' ') != NULL);
}

static void test_a_replay_does_not_touch_the_chance_of_others(void **state) {
  assert_goes_on("local others = once(function() return math.random(1 << 40) end)\n" DRAW
                 "math.randomseed(42) draw(1)\n"
                 "once(function() math.random() end) draw(1) save() draw(2) " ANSWER);
  char alone[sizeof world.result];
  strcpy(alone, world.result);
  run_new_record(DRAW "math.randomseed(42) draw(4) " ANSWER);
  assert_result(alone);
}

static void test_a_bad_seed_changes_nothing(void **state) {
  assert_goes_on(DRAW "math.randomseed(42) draw(1) assert(not pcall(math.randomseed, {}))\n"
                      "assert(not pcall(math.random, 2, 1)) save() draw(2) " ANSWER);
}

static void test_a_record_without_the_seed_is_replayed(void **state) {
  run_new_record(DRAW "draw(2) save() " ANSWER);
  run_again(DRAW "math.randomseed() draw(2) " ANSWER);
  assert_string_equal(world.difference, "");
  assert_int_equal(world.state, TASK_RETURNED);
}

static char printed[100];

static void keep_line(void *user, Str line) {
  snprintf(user, sizeof printed, "%.*s", STR_FMT(line));
}

static int open_door(lua_State *L) {
  door_open(L);
  return 0;
}

static void test_what_is_printed_can_be_taken(void **state) {
  Err err = { 0 };
  EngineOptions options = {
    .library = "lib", .open = open_door, .print = keep_line, .user = printed
  };
  Engine *engine = engine_new(&options, &err);
  assert_non_null(engine);
  assert_true(engine_enter(engine, INT64_MAX));
  lua_State *L = engine_main(engine);
  assert_false(luaL_dostring(
      L, "print('你好', nil, setmetatable({}, { __tostring = function() return 'it' end }), 1.5)"));
  assert_string_equal(printed, "你好\tnil\tit\t1.5\n");
  assert_false(luaL_dostring(L, "print()"));
  assert_string_equal(printed, "\n");
  engine_leave(engine);
  engine_release(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_seeded_generator_goes_on_after_a_replay),
    TEST(test_a_seed_from_outside_is_given_again),
    TEST(test_a_replay_does_not_touch_the_chance_of_others),
    TEST(test_a_bad_seed_changes_nothing),
    TEST(test_a_record_without_the_seed_is_replayed),
    TEST(test_time_and_chance_are_given_again),
    TEST(test_what_is_printed_can_be_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
