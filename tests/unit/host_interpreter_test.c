// The interpreter: loading, modules, strict globals, the hand-over of state, chunks run once.
#include "host_world.h"

#include <time.h>

static void assert_not_loaded(const char *code, const char *because) {
  if (try_load(code)) fail_msg("loaded: %s", code);
  assert_int_equal(world.err.code, ERR_FAILED);
  if (!strstr(world.err.text, because)) fail_msg("says '%s', not '%s'", world.err.text, because);
}

// ---- loading

static void test_a_faulty_script_is_refused_with_file_and_line(void **state) {
  assert_not_loaded("\nfunction on_message( end", "bot.lua:2:");
  assert_not_loaded("local x = 1\nerror('no')", "bot.lua:2: no");
  assert_not_loaded("local x = 1\nerror('no')", "2 | error('no')");
  assert_not_loaded("error(nil)", "error(nil)");
  assert_not_loaded("local x = 1", "defines no on_message");
  assert_not_loaded("local function on_message() end", "defines no on_message");
  assert_not_loaded("on_message = 5", "on_message must be a function, not a number");
  assert_not_loaded("\nwhile true do end", "bot.lua:2: stopped after 300 ms");
  world.options.cpu_us_max = 10000000;  // sanitizers are slow
  assert_not_loaded("local t = {} while true do t[#t + 1] = string.rep('x', 1 << 20) .. #t end",
                    "not enough memory");
}

static void test_a_missing_script_is_a_usage_error(void **state) {
  world.in = interpreter_new(&world.options, &world.err);
  assert_false(interpreter_load(world.in, "/nonexistent/bot.lua", &world.err));
  assert_int_equal(world.err.code, ERR_USAGE);
  assert_non_null(strstr(world.err.text, "/nonexistent/bot.lua"));
}

static void test_a_byte_order_mark_and_a_first_line_for_the_shell_are_skipped(void **state) {
  load("\xEF\xBB\xBF#!/usr/bin/env wemoon\nfunction on_message() return 'ok' end");
  assert_answer("x", TASK_RETURNED, "ok");
  assert_not_loaded("#!/usr/bin/env wemoon\nerror('x')", "bot.lua:2:");
}

static void test_an_object_that_can_be_called_serves_as_on_message(void **state) {
  load("on_message = setmetatable({}, { __call = function(_, msg) return 'called with ' .. "
       "msg.content end })");
  assert_answer("x", TASK_RETURNED, "called with x");
}

static void test_the_library_lacks_what_the_contract_takes_away(void **state) {
  load("function on_message(msg) return table.concat({ type(os.exit), type(os.setlocale), "
       "type(os.execute), type(io.popen), type(os.time) }, ' ') end");
  assert_answer("x", TASK_RETURNED, "nil nil nil nil function");
  world.options.allow_shell = true;
  load("function on_message(msg) return table.concat({ type(os.exit), type(os.execute), "
       "type(io.popen) }, ' ') end");
  assert_answer("x", TASK_RETURNED, "nil function function");
}

static void test_the_registry_that_scripts_see_is_not_the_real_one(void **state) {
  load("function on_message(msg) local r = debug.getregistry() for k in pairs(r) do r[k] = nil end "
       "for i = 1, 100 do r[i] = nil end return 'ok' end");
  assert_answer("x", TASK_RETURNED, "ok");
  assert_answer("x", TASK_RETURNED, "ok");
}

// ---- require

static void test_require_finds_modules_beside_the_script_and_in_folders(void **state) {
  write_file("helper.lua", "return { name = 'helper' }");
  write_file("sub/inner.lua", "return { name = ... }");
  write_file("pack/init.lua", "return { name = 'pack' }");
  load("local a, b, c = require 'helper', require 'sub.inner', require 'pack'\n"
       "function on_message() return a.name .. ' ' .. b.name .. ' ' .. c.name end");
  assert_answer("x", TASK_RETURNED, "helper sub.inner pack");
}

static void test_a_module_beside_the_script_comes_before_an_embedded_one(void **state) {
  load("local bot = require 'wechat.bot' function on_message() return type(bot) end");
  assert_answer("x", TASK_RETURNED, "table");
  write_file("wechat/bot.lua", "return 'mine'");
  load("local bot = require 'wechat.bot' function on_message() return bot end");
  assert_answer("x", TASK_RETURNED, "mine");
}

static void test_each_interpreter_reads_modules_afresh(void **state) {
  write_file("helper.lua", "return 'first'");
  load("local h = require 'helper' function on_message() return h end");
  assert_answer("x", TASK_RETURNED, "first");
  write_file("helper.lua", "return 'second'");
  load("local h = require 'helper' function on_message() return h end");
  assert_answer("x", TASK_RETURNED, "second");
}

static bool has_file(const char *name) {
  Arena *arena = arena_new();
  Pairs files = { 0 };
  char path[160];
  snprintf(path, sizeof path, "%s/%s", world.folder, name);
  assert_true(interpreter_files(world.in, arena, &files));
  bool found = pairs_get(&files, str_of(path), NULL) > 0;
  arena_free(arena);
  return found;
}

static void test_the_files_that_matter_are_known_after_a_failed_load_too(void **state) {
  write_file("helper.lua", "return 1");
  load("require 'helper' function on_message() end");
  assert_true(has_file("bot.lua"));
  assert_true(has_file("helper.lua"));
  assert_false(has_file("other.lua"));
  assert_not_loaded("require 'missing.part'", "module 'missing.part' not found");
  assert_true(has_file("bot.lua"));
  assert_true(has_file("missing/part.lua"));
  assert_true(has_file("missing/part/init.lua"));
  write_file("broken.lua", "\nlocal = 5");
  assert_not_loaded("require 'broken'", "broken.lua:2:");
  assert_true(has_file("broken.lua"));
}

static void test_a_tree_of_modules_beside_the_script_is_found(void **state) {
  write_file("lua_modules/share/lua/5.4/rock.lua", "return 'rock'");
  write_file("lua_modules/share/lua/5.4/rocks/init.lua", "return 'rocks'");
  write_file("lua_modules/share/lua/5.4/helper.lua", "return 'not this one'");
  write_file("helper.lua", "return 'own'");
  load("local a, b, c = require 'rock', require 'rocks', require 'helper'\n"
       "function on_message() return a .. b .. c end");
  assert_answer("x", TASK_RETURNED, "rockrocksown");
  assert_true(has_file("lua_modules/share/lua/5.4/rock.lua"));
}

static void test_c_modules_are_refused_with_a_word(void **state) {
  write_file("hello.so", "");
  char code[600];
  snprintf(code, sizeof code,
           "package.cpath = '%s/?.so'\n"
           "local ok, why = pcall(require, 'hello')\n"
           "local _, missing = pcall(require, 'missing')\n"
           "local _, refused, where = package.loadlib('%s/hello.so', '*')\n"
           "function on_message(msg)\n"
           "  if msg.content == 'lib' then return refused .. where end\n"
           "  if msg.content == 'missing' then return missing:match('no C library[^\\n]*') end\n"
           "  return why:match('C library (.*)')\n"
           "end",
           world.folder, world.folder);
  load(code);
  char refusal[300];
  snprintf(refusal, sizeof refusal, "(%s/hello.so): C libraries need allow_shell = true",
           world.folder);
  assert_answer("x", TASK_RETURNED, refusal);
  assert_answer("missing", TASK_RETURNED, "no C library is searched for: allow_shell = false");
  assert_answer("lib", TASK_RETURNED,
                "package.loadlib is refused: C libraries need allow_shell = trueabsent");
  world.options.allow_shell = true;
  snprintf(code, sizeof code,
           "package.cpath = '%s/?.so'\n"
           "local ok, why = pcall(require, 'hello')\n"
           "function on_message(msg) return why:match('file too short') end",
           world.folder);
  load(code);
  assert_answer("x", TASK_RETURNED, "file too short");
}

// ---- strict globals

static void test_modules_from_elsewhere_may_ask_for_what_is_missing(void **state) {
  char elsewhere[] = "/tmp/wemoon-elsewhere-XXXXXX", name[64], code[400];
  assert_non_null(mkdtemp(elsewhere));
  snprintf(name, sizeof name, "../%s/lenient.lua", elsewhere + strlen("/tmp/"));
  write_file(name, "local unpack = unpack or table.unpack\n"
                   "local m = {}\n"
                   "function m.f() made_elsewhere = 1 return jit or 'lenient' end\n"
                   "return m");
  write_file("lua_modules/share/lua/5.4/rock.lua", "return unpack and 1 or 'rock'");
  write_file("own.lua", "return unpack or table.unpack");
  snprintf(code, sizeof code,
           "package.path = '%s/?.lua'\n"
           "local m, rock = require 'lenient', require 'rock'\n"
           "local ok, why = pcall(require, 'own')\n"
           "function on_message()\n"
           "  return m.f() .. rock .. why:match(\"undefined global '%%a+'\")\n"
           "end",
           elsewhere);
  load(code);
  snprintf(name, sizeof name, "%s/lenient.lua", elsewhere);
  unlink(name);
  rmdir(elsewhere);
  assert_answer("x", TASK_RETURNED, "lenientrockundefined global 'unpack'");
  assert_not_logged("made_elsewhere");
}

static void test_reading_an_undefined_global_raises_and_names_it(void **state) {
  load("function on_message(msg)\n  if msg.content == 'raw' then return tostring(rawget(_G, "
       "'mesage')) end\n  return mesage.content\nend");
  assert_answer("x", TASK_FAILED, "");
  assert_logged("bot.lua:3: undefined global 'mesage'");
  assert_answer("raw", TASK_RETURNED, "nil");
}

static void test_a_global_made_inside_a_function_warns_once_for_each_name(void **state) {
  write_file("module.lua", "made_by_module = 1 return true");
  load("require 'module'\nmade_at_top = 1\nfunction on_message(msg)\n  count = (rawget(_G, "
       "'count') or 0) + 1\n  other = 1\n  count = nil\n  count = 5\n  return 'ok'\nend");
  for (int i = 0; i < 3; i++) assert_answer("x", TASK_RETURNED, "ok");
  assert_int_equal(times_logged("global 'count' made inside a function"), 1);
  assert_int_equal(times_logged("global 'other' made inside a function"), 1);
  assert_logged("bot.lua:4: global 'count'");
  assert_not_logged("'made_at_top'");
  assert_not_logged("'made_by_module'");
  assert_not_logged("'on_message'");
}

static void test_without_strict_nothing_of_that_happens(void **state) {
  world.options.strict = false;
  load("function on_message(msg) made = 1 return tostring(undefined) end");
  assert_answer("x", TASK_RETURNED, "nil");
  assert_not_logged("made");
}

// ---- hand-over of state

static void test_what_on_unload_returns_is_the_next_state(void **state) {
  load("local n = 0 function on_message() n = n + 1 return tostring(n) end function on_unload() "
       "return { count = n, list = { 1, 2 } } end");
  assert_answer("x", TASK_RETURNED, "1");
  Buf json;
  buf_init(&json);
  interpreter_unload(world.in, &json);
  assert_true(json.len > 0);
  write_file("bot.lua", "local n function on_load(state) n = state.count + #state.list end "
                        "function on_message() return tostring(n) end");
  interpreter_release(world.in);
  world.in = interpreter_new(&world.options, &world.err);
  assert_true(interpreter_load(world.in, world.script, &world.err));
  assert_true(interpreter_start(world.in, buf_str(&json), &world.err));
  assert_answer("x", TASK_RETURNED, "3");
  buf_clear(&json);
}

static void test_on_unload_is_called_after_an_interruption_too(void **state) {
  Buf json;
  buf_init(&json);
  load("function on_message() end function on_unload() wechat.sleep(0.01) return { 1 } end");
  interpreter_interrupt(world.in);
  interpreter_unload(world.in, &json);
  assert_true(str_eq(buf_str(&json), STR("[1]")));
  buf_clear(&json);
}

static void test_a_faulty_on_unload_is_logged_and_gives_no_state(void **state) {
  static const char *const faulty[] = { "error('bye')", "while true do end", "return { f = print }",
                                        "return function() end", "error(nil)" };
  for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
    char code[200];
    snprintf(code, sizeof code, "function on_message() end function on_unload() %s end", faulty[i]);
    load(code);
    Buf json;
    buf_init(&json);
    interpreter_unload(world.in, &json);
    assert_int_equal(json.len, 0);
    buf_clear(&json);
    assert_int_equal(times_logged("on_unload failed"), i + 1);
  }
}

static void test_an_on_load_that_fails_refuses_the_script(void **state) {
  assert_not_loaded("function on_message() end\nfunction on_load() error('no') end",
                    "bot.lua:2: no");
  assert_not_loaded("function on_message() end\nfunction on_load() while true do end end",
                    "stopped after 300 ms");
}

// ---- chunks run once

static const char *run_chunk(const char *code) {
  static char text[4096];
  char *args[] = { "one", "two" };
  Buf out;
  buf_init(&out);
  interpreter_release(world.in);
  world.err = (Err){ 0 };
  world.in = interpreter_new(&world.options, &world.err);
  bool ok = interpreter_exec(world.in, str_of(code), "=(command line)", args, 2, &out, &world.err);
  snprintf(text, sizeof text, "%s%.*s", ok ? "" : "failed ", STR_FMT(buf_str(&out)));
  buf_clear(&out);
  return text;
}

static void test_exec_prints_each_result_as_a_line_of_json(void **state) {
  world.options.job_timeout_ms = world.options.cpu_us_max = 0;
  assert_string_equal(run_chunk("return 1, 'two', { a = true }, nil"),
                      "1\n\"two\"\n{\"a\":true}\nnull\n");
  assert_string_equal(run_chunk("local x = 1"), "");
  assert_string_equal(run_chunk("return ..., arg[1], arg[2], #arg, arg[0]"),
                      "\"one\"\n\"one\"\n\"two\"\n2\n\"(command line)\"\n");
}

static void test_exec_waits_for_all_that_was_spawned_but_not_for_timers(void **state) {
  world.options.job_timeout_ms = world.options.cpu_us_max = 0;
  write_file("out", "");
  char code[400];
  snprintf(code, sizeof code,
           "wechat.every(0.01, function() end) wechat.spawn(function() wechat.sleep(0.05) "
           "wechat.spawn(function() wechat.sleep(0.05) "
           "local f = io.open('%s/out', 'w') f:write('done') f:close() end) end) "
           "wechat.sleep(0.01) return 5",
           world.folder);
  assert_string_equal(run_chunk(code), "5\n");
  snprintf(code, sizeof code, "local f = io.open('%s/out') return f:read('a')", world.folder);
  assert_string_equal(run_chunk(code), "\"done\"\n");
}

static void test_exec_fails_for_errors_and_for_nil_with_a_reason(void **state) {
  world.options.job_timeout_ms = world.options.cpu_us_max = 0;
  assert_non_null(
      strstr(run_chunk("local function f() error('broken') end f()"),
             "failed stack traceback:\n\t[C]: in function 'error'\n\t(command line):1: in"));
  assert_non_null(strstr(world.err.text, "(command line):1: broken"));
  assert_string_equal(run_chunk("return nil, 'because'"), "failed ");
  assert_string_equal(world.err.text, "because");
  assert_string_equal(run_chunk("return ="), "failed ");
  assert_non_null(strstr(world.err.text, "(command line):1:"));
  assert_string_equal(run_chunk("return print"), "failed ");
  assert_non_null(strstr(world.err.text, "JSON"));
}

static void *interrupt_soon(void *arg) {
  usleep(100000);
  interpreter_interrupt(world.in);
  return NULL;
}

static void assert_interrupted(const char *code) {
  pthread_t thread;
  Buf out;
  buf_init(&out);
  interpreter_release(world.in);
  world.in = interpreter_new(&world.options, &world.err);
  pthread_create(&thread, NULL, interrupt_soon, NULL);
  int64_t began_us = clock_now_us();
  assert_false(interpreter_exec(world.in, str_of(code), "=x", NULL, 0, &out, &world.err));
  assert_true(clock_now_us() - began_us < 2000000);
  pthread_join(thread, NULL);
  buf_reset(&out);  // drops the traceback
  assert_true(interpreter_exec(world.in, STR("return 1"), "=x", NULL, 0, &out, &world.err));
  assert_string_equal(out.ptr, "1\n");
  buf_clear(&out);
}

static void test_what_exec_runs_can_be_interrupted_and_the_state_serves_on(void **state) {
  world.options.job_timeout_ms = world.options.cpu_us_max = 0;
  assert_interrupted("while true do pcall(function() while true do end end) end");
  assert_interrupted("wechat.sleep(100)");
}

// ---- cost

static void test_an_interpreter_is_made_quickly(void **state) {
  clock_t began = clock();  // CPU time: the machine may run other tests
  for (int i = 0; i < 10; i++) interpreter_release(interpreter_new(&world.options, &world.err));
  int64_t each_us = (int64_t)(clock() - began) * 1000000 / CLOCKS_PER_SEC / 10;
  printf("an interpreter: %lld us\n", (long long)each_us);
  assert_true(each_us < 200000);  // 5 ms without sanitizers
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_faulty_script_is_refused_with_file_and_line),
    TEST(test_a_missing_script_is_a_usage_error),
    TEST(test_a_byte_order_mark_and_a_first_line_for_the_shell_are_skipped),
    TEST(test_an_object_that_can_be_called_serves_as_on_message),
    TEST(test_the_library_lacks_what_the_contract_takes_away),
    TEST(test_the_registry_that_scripts_see_is_not_the_real_one),
    TEST(test_require_finds_modules_beside_the_script_and_in_folders),
    TEST(test_a_module_beside_the_script_comes_before_an_embedded_one),
    TEST(test_each_interpreter_reads_modules_afresh),
    TEST(test_the_files_that_matter_are_known_after_a_failed_load_too),
    TEST(test_a_tree_of_modules_beside_the_script_is_found),
    TEST(test_c_modules_are_refused_with_a_word),
    TEST(test_modules_from_elsewhere_may_ask_for_what_is_missing),
    TEST(test_reading_an_undefined_global_raises_and_names_it),
    TEST(test_a_global_made_inside_a_function_warns_once_for_each_name),
    TEST(test_without_strict_nothing_of_that_happens),
    TEST(test_what_on_unload_returns_is_the_next_state),
    TEST(test_on_unload_is_called_after_an_interruption_too),
    TEST(test_a_faulty_on_unload_is_logged_and_gives_no_state),
    TEST(test_an_on_load_that_fails_refuses_the_script),
    TEST(test_exec_prints_each_result_as_a_line_of_json),
    TEST(test_exec_waits_for_all_that_was_spawned_but_not_for_timers),
    TEST(test_exec_fails_for_errors_and_for_nil_with_a_reason),
    TEST(test_what_exec_runs_can_be_interrupted_and_the_state_serves_on),
    TEST(test_an_interpreter_is_made_quickly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
