// Several interpreters of one script in service: the choice for the next message, and replacement.
#include "host_world.h"

#include "bot/pool.h"

static Pool *pool;

static void open_slot(size_t count, const char *code) {
  write_file("bot.lua", code);
  pool = pool_new(world.script, &world.options, count, false, NULL, &world.err);
  if (!pool) fail_msg("no pool: %s", world.err.text);
}

static int close_slot(void **state) {
  pool_free(pool);
  pool = NULL;
  return world_close(state);
}

// Returns the answer of the interpreter at `index` to a text, if it answers at once.
static const char *say(size_t index, const char *content) {
  static char reply[4096];
  Heard answer;
  Interpreter *in = pool_get(pool, index);
  answer_init(&answer);
  if (send_text_within(in, &answer, content, 5000000) == TASK_LOST)
    fail_msg("%s was lost", content);
  snprintf(reply, sizeof reply, "%s", answer.reply);
  answer_clear(&answer);
  interpreter_release(in);
  return reply;
}

static bool serves(size_t index, const Interpreter *expected) {
  Interpreter *in = pool_get(pool, index);
  interpreter_release(in);
  return in == expected;
}

static size_t seat_picked(void) {
  Interpreter *in = pool_pick(pool);
  interpreter_release(in);
  size_t index = 0;
  while (!serves(index, in)) index++;
  return index;
}

// ---- long messages

typedef struct {
  size_t index;
  const char *content;
  pthread_t thread;
} Busy;

static void *run_busy(void *arg) {
  Busy *busy = arg;
  Heard answer;
  Interpreter *in = pool_get(pool, busy->index);
  answer_init(&answer);
  send_text_within(in, &answer, busy->content, 10000000);
  interpreter_release(in);
  answer_clear(&answer);
  return NULL;
}

static void begin(Busy *busy, size_t index, const char *content) {
  *busy = (Busy){ .index = index, .content = content };
  pthread_create(&busy->thread, NULL, run_busy, busy);
}

static void wait_until_queued(size_t index, int count) {
  Interpreter *in = pool_get(pool, index);
  for (int i = 0; i < 2000 && interpreter_queue(in) < count; i++) usleep(1000);
  if (interpreter_queue(in) < count)
    fail_msg("index %zu has %d in its queue, not %d", index, interpreter_queue(in), count);
  interpreter_release(in);
}

static void wait_for_log(const char *part) {
  for (int i = 0; i < 1000 && !strstr(world_log(), part); i++) usleep(5000);
  assert_logged(part);
}

#define BURN                                                                                       \
  "function on_message(m) local now = os.clock() while os.clock() - now < 0.2 do end return "      \
  "m.content end\n"

static void test_a_message_gets_the_one_that_is_free(void **state) {
  Busy busy;
  open_slot(3, BURN);
  begin(&busy, 1, "x");
  wait_until_queued(1, 1);
  for (int i = 0; i < 9; i++) assert_int_not_equal(seat_picked(), 1);
  pthread_join(busy.thread, NULL);
  bool seen[3] = { false };
  for (int i = 0; i < 3; i++) seen[seat_picked()] = true;
  assert_true(seen[0] && seen[1] && seen[2]);
}

static void test_where_none_is_free_the_shortest_queue_is_taken(void **state) {
  Busy busy[3];
  open_slot(2, BURN);
  begin(&busy[0], 0, "x");
  wait_until_queued(0, 1);
  begin(&busy[1], 0, "x");
  wait_until_queued(0, 2);
  begin(&busy[2], 1, "x");
  wait_until_queued(1, 1);
  for (int i = 0; i < 4; i++) assert_int_equal(seat_picked(), 1);
  for (int i = 0; i < 3; i++) pthread_join(busy[i].thread, NULL);
}

// ---- globals and reloads

#define COUNTING(version)                                                                          \
  "local n = 0\n"                                                                                  \
  "function on_load(state) n = state and state.n or 0 end\n"                                       \
  "function on_unload() return { n = n } end\n"                                                    \
  "function on_message(m) if m.content == 'add' then n = n + 1 end return '" version               \
  " ' .. n end\n"

static void test_each_has_globals_of_its_own_and_hands_them_to_the_one_in_its_seat(void **state) {
  open_slot(3, COUNTING("v1"));
  for (int i = 0; i < 5; i++) say(0, "add");
  say(2, "add");
  assert_string_equal(say(1, "?"), "v1 0");
  write_file("bot.lua", COUNTING("v2"));
  if (!pool_reload(pool, &world.err)) fail_msg("%s", world.err.text);
  assert_string_equal(say(0, "?"), "v2 5");
  assert_string_equal(say(1, "?"), "v2 0");
  assert_string_equal(say(2, "?"), "v2 1");
}

// The file `loads` counts the loads: in a reload of two interpreters, the second load fails.
static void test_when_one_does_not_load_none_takes_over(void **state) {
  char code[1024];
  snprintf(code, sizeof code,
           "local path, word = '%s/loads', 'new'\n"
           "local file = io.open(path) local n = file and file:read('n') or 0 if file then "
           "file:close() end\n"
           "file = io.open(path, 'w') file:write(n + 1) file:close()\n"
           "if n == 3 then error('not the fourth time') end\n"
           "wechat.every(0.01, function() wechat.log.info('tick of load ' .. n) end)\n"
           "function on_message() return 'load ' .. n end\n",
           world.folder);
  open_slot(2, code);
  Interpreter *first = pool_get(pool, 0), *second = pool_get(pool, 1);
  assert_false(pool_reload(pool, &world.err));
  if (!strstr(world.err.text, "not the fourth time")) fail_msg("it says %s", world.err.text);
  assert_true(serves(0, first) && serves(1, second));
  assert_string_equal(say(0, "?"), "load 0");
  assert_string_equal(say(1, "?"), "load 1");
  usleep(50000);
  assert_logged("tick of load 0");
  assert_not_logged("tick of load 2");
  PoolStatus status;
  pool_status(pool, &status);
  assert_int_equal(status.loads, 1);
  assert_int_equal(status.failures, 1);
  interpreter_release(first);
  interpreter_release(second);
}

static void test_when_one_does_not_start_none_takes_over(void **state) {
  char code[1024];
  open_slot(2, "function on_message() return 'old' end\n");
  snprintf(code, sizeof code,
           "wechat.every(0.001, function() wechat.log.info('tick of what failed') end)\n"
           "function on_load()\n"
           "  local path = '%s/first' local file = io.open(path)\n"
           "  if file then file:close() wechat.sleep(0.05) error('not both of them') end\n"
           "  io.open(path, 'w'):close()\n"
           "end\n"
           "function on_message() return 'new' end\n",
           world.folder);
  write_file("bot.lua", code);
  assert_false(pool_reload(pool, &world.err));
  if (!strstr(world.err.text, "not both of them")) fail_msg("it says %s", world.err.text);
  assert_string_equal(say(0, "?"), "old");
  assert_string_equal(say(1, "?"), "old");
  assert_not_logged("tick of what failed");
  write_file("bot.lua", "function on_message() return 'mended' end\n");
  assert_true(pool_reload(pool, &world.err));
  assert_string_equal(say(0, "?"), "mended");
  assert_string_equal(say(1, "?"), "mended");
}

static void test_a_script_that_fails_at_first_is_waited_for(void **state) {
  write_file("bot.lua", "function on_message( end");
  assert_null(pool_new(world.script, &world.options, 2, false, NULL, &world.err));
  pool = pool_new(world.script, &world.options, 2, true, NULL, &world.err);
  assert_non_null(pool);
  PoolStatus status;
  pool_status(pool, &status);
  assert_non_null(strstr(status.error, "bot.lua:1:"));
  assert_string_equal(say(1, "?"), "");
  assert_logged("the script has not loaded");
  Arena *arena = arena_new();
  Pairs files = { 0 };
  assert_true(pool_files(pool, arena, &files));
  assert_int_equal(files.count, 1);
  arena_free(arena);
  assert_false(pool_reload(pool, &world.err));
  write_file("bot.lua", "function on_message() return 'mended' end\n");
  assert_true(pool_reload(pool, &world.err));
  assert_string_equal(say(0, "?"), "mended");
  assert_string_equal(say(1, "?"), "mended");
}

static void test_a_script_that_is_not_there_is_not_waited_for(void **state) {
  assert_null(pool_new("/nowhere/bot.lua", &world.options, 1, true, NULL, &world.err));
  assert_int_equal(world.err.code, ERR_USAGE);
}

static void test_files_are_listed_once(void **state) {
  Arena *arena = arena_new();
  Pairs files = { 0 };
  write_file("m.lua", "return 1");
  open_slot(3, "require 'm' function on_message() end\n");
  assert_true(pool_files(pool, arena, &files));
  assert_int_equal(files.count, 2);
  arena_free(arena);
}

static void test_memory_is_told_in_sum_and_at_its_most(void **state) {
  PoolStatus status;
  open_slot(2, "function on_message() kept = ('x'):rep(4000000) return 'kept' end\n");
  say(1, "?");
  pool_status(pool, &status);
  assert_true(status.memory_max > 4000000);
  assert_true(status.memory > status.memory_max + 100000);
}

// ---- stuck interpreters

#define STUCK                                                                                      \
  "function on_message(m)\n"                                                                       \
  "  if m.content == 'hang' then\n"                                                                \
  "    setmetatable({}, { __gc = function() while true do end end }) collectgarbage()\n"           \
  "  end\n"                                                                                        \
  "  return m.content\n"                                                                           \
  "end\n"                                                                                          \
  "local mine = tostring({})\n"                                                                    \
  "wechat.every(0.01, function() wechat.log.info('tick of ' .. mine) end)\n"

static bool replace_stuck(size_t index) {
  PoolStuck stuck = { 0 };
  for (int i = 0; i < 400; i++) {
    if (pool_replace_stuck(pool, index, &stuck, &world.err)) return true;
    usleep(10000);
  }
  return false;
}

static void test_one_that_is_stuck_is_replaced_alone(void **state) {
  Busy busy;
  open_slot(2, STUCK);
  Interpreter *first = pool_get(pool, 0), *second = pool_get(pool, 1);
  begin(&busy, 1, "hang");
  wait_until_queued(1, 1);
  assert_string_equal(say(0, "served meanwhile"), "served meanwhile");
  assert_true(replace_stuck(1));
  assert_true(serves(0, first));
  assert_false(serves(1, second));
  assert_string_equal(say(1, "and afterwards"), "and afterwards");
  assert_false(pool_replace_stuck(pool, 0, &(PoolStuck){ 0 }, &world.err));
  interpreter_release(first);
  interpreter_release(second);
  pthread_detach(busy.thread);
}

static void test_one_that_was_given_up_gets_no_message(void **state) {
  open_slot(2, STUCK);
  Interpreter *first = pool_get(pool, 0);
  interpreter_give_up(first);
  for (int i = 0; i < 4; i++) assert_int_equal(seat_picked(), 1);
  assert_true(replace_stuck(0));
  interpreter_release(first);
}

// ---- timers

static size_t ticking_states(void) {
  char seen[16][32];
  size_t count = 0;
  for (const char *at = world_log(); (at = strstr(at, "tick of ")); at++) {
    char name[32];
    if (sscanf(at + 8, "table: %31s", name) != 1) continue;
    size_t known = 0;
    while (known < count && strcmp(seen[known], name) != 0) known++;
    if (known == count && count < 16) snprintf(seen[count++], sizeof seen[0], "%s", name);
  }
  return count;
}

static void test_timers_tick_in_one_state_and_then_in_its_successor(void **state) {
  open_slot(3, STUCK);
  usleep(100000);
  assert_int_equal(ticking_states(), 1);
  Interpreter *first = pool_get(pool, 0), *second = pool_get(pool, 1);
  interpreter_give_up(second);
  assert_true(replace_stuck(1));
  usleep(100000);
  assert_int_equal(ticking_states(), 1);
  interpreter_give_up(first);
  assert_true(replace_stuck(0));
  usleep(100000);
  assert_int_equal(ticking_states(), 2);
  interpreter_release(first);
  interpreter_release(second);
}

static void test_a_timer_that_a_message_makes_ticks_where_it_was_made(void **state) {
  open_slot(2,
            "function on_message(m) wechat.every(0.01, function() wechat.log.info('tick for ' .. "
            "m.content) end) end\n");
  say(0, "the first");
  say(1, "the second");
  wait_for_log("tick for the first");
  wait_for_log("tick for the second");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, close_slot)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_message_gets_the_one_that_is_free),
    TEST(test_where_none_is_free_the_shortest_queue_is_taken),
    TEST(test_each_has_globals_of_its_own_and_hands_them_to_the_one_in_its_seat),
    TEST(test_when_one_does_not_load_none_takes_over),
    TEST(test_when_one_does_not_start_none_takes_over),
    TEST(test_a_script_that_fails_at_first_is_waited_for),
    TEST(test_a_script_that_is_not_there_is_not_waited_for),
    TEST(test_files_are_listed_once),
    TEST(test_memory_is_told_in_sum_and_at_its_most),
    TEST(test_one_that_is_stuck_is_replaced_alone),
    TEST(test_one_that_was_given_up_gets_no_message),
    TEST(test_timers_tick_in_one_state_and_then_in_its_successor),
    TEST(test_a_timer_that_a_message_makes_ticks_where_it_was_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
