// The door and its record: a task that is run again gets what it was given, does nothing, and ends where it takes
// another way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/luaish.h"
#include "engine/record.h"
#include "engine/run.h"
#include "engine/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What the functions below have done, and the record as `save` found it.
static struct {
  char done[4096];
  int number;
  Buf saved;
  Record *record;  // that the next run begins with; NULL: a new one
  TaskState state;
  char difference[400], given_up[200], result[1024];
} world;

static void note(const char *text) {
  strncat(world.done, text, sizeof world.done - strlen(world.done) - 2);
  strcat(world.done, " ");
}

static int l_act(lua_State *L) {
  note(luaL_checkstring(L, 1));
  lua_pushinteger(L, ++world.number);
  return 1;
}

static int l_echo(lua_State *L) {
  note("echo");
  return lua_gettop(L);
}

static int l_fail(lua_State *L) { return luaL_error(L, "misused"); }

static int l_nap(lua_State *L) {
  note("nap");
  return wait_until(L, "nap", clock_now_us() + (int64_t)(luaL_checknumber(L, 1) * 1e6));
}

static int finish_slow(lua_State *L, int status, lua_KContext context) {
  lua_pushinteger(L, ++world.number);
  return 1;
}

// Acts, and says what it did only after a while.
static int l_slow_k(lua_State *L, int status, lua_KContext context) { return finish_slow(L, 0, 0); }

static int l_slow(lua_State *L) {
  note(luaL_checkstring(L, 1));
  lua_pushcfunction(L, l_nap);
  lua_pushnumber(L, 0.02);
  lua_callk(L, 1, 0, 0, l_slow_k);
  return finish_slow(L, 0, 0);
}

static int l_save(lua_State *L) {
  buf_reset(&world.saved);
  lua_pushboolean(L, record_save(task_record(task_running(L)), &world.saved));
  return 1;
}

// Saves the record, and ends the test there.
static int l_ask(lua_State *L) {
  l_save(L);
  snprintf(world.result, sizeof world.result, "saved");
  return luaL_error(L, "the process ends");
}

static const TaskBody CHILD = { .doing = "a child" };

static int l_spawn(lua_State *L) {
  Task *parent = task_running(L), *task = task_new(engine_of(L), &CHILD, NULL);
  task_share_record(parent, task);
  lua_pushcfunction(L, door_begin);
  lua_insert(L, 1);
  lua_xmove(L, task_coroutine(task), lua_gettop(L));
  task_count(task);
  task_post(task);
  return 0;
}

static const DoorFunction functions[] = {
  { "test.act", "act", l_act, DOOR_ACTS, NULL },
  { "test.echo", "echo", l_echo, DOOR_READS, NULL },
  { "test.fail", "fail", l_fail, DOOR_READS, NULL },
  { "test.nap", "nap", l_nap, DOOR_READS, NULL },
  { "test.slow", "slow", l_slow, DOOR_ACTS, NULL },
  { "test.ask", "ask", l_ask, DOOR_ASKS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int open_test(lua_State *L) {
  lua_pushglobaltable(L);
  door_set_all(L, functions, 0);
  lua_pushcfunction(L, l_save);
  lua_setfield(L, -2, "save");
  lua_pushcfunction(L, l_spawn);
  lua_setfield(L, -2, "spawn");
  lua_pushcfunction(L, door_once);
  lua_setfield(L, -2, "once");
  return 0;
}

static int prepare(lua_State *L, Task *task) {
  if (world.record) task_set_record(task, world.record);
  else task_record_later(task);
  if (luaL_loadstring(L, task_data(task)) != LUA_OK) lua_error(L);
  return 0;
}

static void finish(lua_State *L, Task *task) {
  snprintf(world.result, sizeof world.result, "%s", luaL_tolstring(L, 1, NULL));
}

static void ended(Task *task) {
  Record *record = task_record(task);
  world.state = task_state(task);
  snprintf(world.difference, sizeof world.difference, "%s",
           record ? record_difference(record) : "");
  snprintf(world.given_up, sizeof world.given_up, "%s", record ? record_given_up(record) : "");
}

static const TaskBody BODY = {
  .prepare = prepare, .finish = finish, .ended = ended, .results = 1, .doing = "the test"
};

// Runs code in a fresh engine.
static void run_code(const char *code, Record *record) {
  EngineOptions options = { .library = "test", .open = open_test, .memory_max = 64 << 20 };
  Err err = { 0 };
  Engine *engine = engine_new(&options, &err);
  assert_non_null(engine);
  world.record = record;
  world.done[0] = world.result[0] = '\0';
  Run *run = run_new();
  run_wait(run, engine, &BODY,
           arena_dup(run_arena(run), str_make(code, strlen(code) + 1)).ptr ? (void *)code : NULL,
           RUN_UNLIMITED, &err);
  run_free(run);
  engine_release(engine);
}

static void run_new_record(const char *code) {
  world.number = 0;
  run_code(code, NULL);
  if (world.state != TASK_RETURNED) printf("state %s\n", task_state_name(world.state));
}

static Record *loaded(void) {
  Err err = { 0 };
  Record *record = record_load(buf_str(&world.saved), &err);
  if (!record) fail_msg("%s", err.text);
  return record;
}

static void run_again(const char *code) { run_code(code, loaded()); }

static void assert_result(const char *wanted) { assert_string_equal(world.result, wanted); }
static void assert_done(const char *wanted) { assert_string_equal(world.done, wanted); }

// ---- tests

static void test_what_was_given_is_given_again_and_nothing_is_done(void **state) {
  const char *code = "local a, b = act('one'), act('two') save() local c = act('three') "
                     "return a .. b .. c";
  run_new_record(code);
  assert_result("123");
  assert_done("one two three ");
  run_again(code);
  assert_result("124");
  assert_done("three ");
}

static void test_values_of_each_kind_come_back(void **state) {
  const char *code =
      "local n = select('#', echo(nil, true, false, 1, -5, 2.5, math.mininteger, 'a\\0\\xff', "
      "nil))\n"
      "local t = echo({ 1, 2, { x = { y = 1.0 } }, [3.5] = 'z', [false] = 'no', list = {} })\n"
      "save()\n"
      "return table.concat({ n, math.type(t[3].x.y), t[3.5], t[false], #t, type(t.list) }, ' ')";
  run_new_record(code);
  assert_result("9 float z no 3 table");
  run_again(code);
  assert_result("9 float z no 3 table");
  assert_done("");
}

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

static void test_another_name_is_noticed_with_both_places(void **state) {
  run_new_record("act('one')\nact('two') save()");
  run_again("act('one')\n\necho('two')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_string_equal(world.difference,
                      "it calls test.echo at [string \"act('one')...\"]:3, and its record has "
                      "test.act at [string \"act('one')...\"]:2");
}

static void test_other_arguments_are_noticed(void **state) {
  run_new_record("act('1') save()");
  run_again("act('2')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_non_null(strstr(world.difference, "with other arguments"));
  assert_done("");
}

static void test_a_return_before_the_record_ends_is_noticed(void **state) {
  run_new_record("act('one') act('two') save()");
  run_again("act('one')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_non_null(strstr(world.difference, "it calls nothing more"));
}

static void test_no_pcall_and_no_coroutine_keeps_a_difference(void **state) {
  run_new_record("act('one') save()");
  run_again("pcall(function() act('two') end) act('three')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_done("");
  run_again("coroutine.wrap(function() act('two') end)() act('three')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_done("");
}

static void test_a_call_under_way_that_reads_is_made_again(void **state) {
  run_new_record("spawn(function() nap(0.01) save() end) nap(0.05) return 'rested'");
  run_again("spawn(function() nap(0.01) save() end) nap(0.05) return 'rested'");
  assert_result("rested");
}

static void test_a_call_under_way_that_acts_is_unknown(void **state) {
  const char *code = "spawn(function() nap(0.005) save() end)\n"
                     "local n, err = slow('pay')\n"
                     "return n or err.kind .. ' ' .. tostring(err)";
  run_new_record(code);
  assert_result("1");
  run_again(code);
  assert_result("unknown test.slow was under way when its process ended: it may have happened");
  assert_null(strstr(world.done, "pay"));
}

static void test_once_runs_once(void **state) {
  const char *code = "local a, b = once(function(x) act('inside') return x, { 5 } end, 'x')\n"
                     "local ok, why = pcall(once, function() error('no', 0) end)\n"
                     "local bad, what = pcall(once, function() return print end)\n"
                     "save() return a .. b[1] .. tostring(ok) .. why .. tostring(bad)";
  run_new_record(code);
  assert_result("x5falsenofalse");
  assert_done("inside ");
  run_again(code);
  assert_result("x5falsenofalse");
  assert_done("");
}

static void test_a_call_that_raised_raises_again(void **state) {
  const char *code = "local ok = pcall(fail) act('one') save() return tostring(ok)";
  run_new_record(code);
  run_again(code);
  assert_result("false");
  assert_int_equal(world.state, TASK_RETURNED);
  assert_done("");
}

// Two tasks share variables: what each was given comes in the same order again.
static void test_tasks_of_one_record_meet_in_the_same_order(void **state) {
  const char *code =
      "local seen = {}\n"
      "for i = 1, 4 do\n"
      "  spawn(function() nap(0.02 * (5 - i)) seen[#seen + 1] = i act('child' .. i) end)\n"
      "end\n"
      "nap(0.15)\n"
      "save() return table.concat(seen)";
  run_new_record(code);
  assert_result("4321");
  run_again(code);
  assert_result("4321");
  assert_done("");
}

static void test_a_child_goes_on_where_it_stood(void **state) {
  const char *code = "local done\n"
                     "spawn(function() nap(0.03) act('late') done = true end)\n"
                     "act('main') save()\n"
                     "while not done do nap(0.01) end\n"
                     "return 'all'";
  run_new_record(code);
  run_again(code);
  assert_result("all");
  assert_non_null(strstr(world.done, "late"));
  assert_null(strstr(world.done, "main"));
}

static void test_an_answer_is_given_to_the_question_that_stood(void **state) {
  const char *code =
      "act('one') local answer, why = ask('name?') return tostring(answer) .. tostring(why)";
  Str results[] = { STR("Li"), { 0 } };
  world.number = 0;
  run_code(code, NULL);
  assert_result("saved");
  Record *record = loaded();
  assert_true(record_answer(record, results, 2));
  run_code(code, record);
  assert_result("Linil");
  assert_done("");
  assert_int_equal(world.state, TASK_RETURNED);
}

static void test_a_record_that_grows_too_long_is_given_up(void **state) {
  run_new_record("local s = ('x'):rep(1000) for i = 1, 300 do echo(s) end return tostring(save())");
  assert_result("false");
  assert_non_null(strstr(world.given_up, "test.echo at [string \"local s"));
}

static void test_what_cannot_be_kept_gives_the_record_up(void **state) {
  run_new_record("echo(print) return tostring(save())");
  assert_result("false");
  assert_non_null(strstr(world.given_up, "test.echo"));
}

static void test_damaged_bytes_are_refused(void **state) {
  run_new_record("echo({ a = 'text', 1, 2.5 }) act('one') save()");
  char *bytes = malloc(world.saved.len);
  size_t len = world.saved.len;
  memcpy(bytes, world.saved.ptr, len);
  for (size_t cut = 0; cut < len; cut++) {
    Record *record = record_load(str_make(bytes, cut), NULL);
    record_free(record);
  }
  for (size_t at = 0; at < len; at++) {
    for (int bit = 0; bit < 8; bit++) {
      bytes[at] ^= (char)(1 << bit);
      Record *record = record_load(str_make(bytes, len), NULL);
      bytes[at] ^= (char)(1 << bit);
      if (record && bit == 3) run_code("echo({ a = 'text', 1, 2.5 }) act('one')", record);
      else record_free(record);
    }
  }
  free(bytes);
}

static void test_pairs_has_one_order(void **state) {
  const char *code = "local t, seen = {}, {}\n"
                     "for i = 1, 200 do t['key' .. i * 7919 % 1000] = i end\n"
                     "t[1], t[2], t[true], t[2.5] = 1, 1, 1, 1\n"
                     "for k in pairs(t) do seen[#seen + 1] = tostring(k) end\n"
                     "return #seen .. ' ' .. table.concat(seen, ' '):sub(1, 60)";
  run_new_record(code);
  assert_result("204 1 2 2.5 true key109 key112 key115 key118 key12 key121 key124");
}

static void test_pairs_lets_a_traversal_change_fields(void **state) {
  run_new_record("local t, n = { a = 1, b = 2, c = 3 }, 0\n"
                 "for k, v in pairs(t) do n = n + v t[k] = nil if k == 'a' then t.b = nil end end\n"
                 "return n .. tostring(next(t))");
  assert_result("4nil");
  run_new_record("local f = pairs({ a = 1, b = 2 }) return tostring(pcall(f, 5))");
  assert_result("false");
  run_new_record(
      "local n = 0 for k, v in pairs(setmetatable({}, { __pairs = function() return "
      "function(_, k) if not k then return 1, 2 end end end })) do n = n + v end return n");
  assert_result("2");
}

static int setup(void **state) {
  memset(&world, 0, sizeof world);
  buf_init(&world.saved);
  return 0;
}

static int teardown(void **state) {
  buf_clear(&world.saved);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_was_given_is_given_again_and_nothing_is_done),
    TEST(test_values_of_each_kind_come_back),
    TEST(test_time_and_chance_are_given_again),
    TEST(test_another_name_is_noticed_with_both_places),
    TEST(test_other_arguments_are_noticed),
    TEST(test_a_return_before_the_record_ends_is_noticed),
    TEST(test_no_pcall_and_no_coroutine_keeps_a_difference),
    TEST(test_a_call_under_way_that_reads_is_made_again),
    TEST(test_a_call_under_way_that_acts_is_unknown),
    TEST(test_once_runs_once),
    TEST(test_a_call_that_raised_raises_again),
    TEST(test_tasks_of_one_record_meet_in_the_same_order),
    TEST(test_a_child_goes_on_where_it_stood),
    TEST(test_an_answer_is_given_to_the_question_that_stood),
    TEST(test_a_record_that_grows_too_long_is_given_up),
    TEST(test_what_cannot_be_kept_gives_the_record_up),
    TEST(test_damaged_bytes_are_refused),
    TEST(test_pairs_has_one_order),
    TEST(test_pairs_lets_a_traversal_change_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
