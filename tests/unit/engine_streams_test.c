// engine/streams: what a script writes to its standard streams is taken as it comes, and only where that is wanted.
#include "engine_world.h"

#include "base/buf.h"

static Buf taken;

static void take(void *user, Str text) { buf_add(user, text); }

static void open_taking(void **state, bool out, bool err) {
  end(state);
  buf_reset(&taken);
  open_engine(&(EngineOptions){
      .library = "lib", .print = take, .takes_stdout = out, .takes_stderr = err, .user = &taken });
}

static void assert_taken(const char *text) {
  assert_int_equal(taken.len, strlen(text));
  assert_memory_equal(taken.ptr, text, taken.len);
  buf_reset(&taken);
}

static void test_what_is_written_is_taken_at_once(void **state) {
  open_taking(state, true, true);
  run_lua("io.write('一', 2, '\\n', 'no end')");
  assert_taken("一2\nno end");
  run_lua("io.stdout:write('a'):write('b\\0c')");
  assert_int_equal(taken.len, 4);
  buf_reset(&taken);
  run_lua("io.stderr:write('bad')");
  assert_taken("bad");
  run_lua("io.output():write('the same')");
  assert_taken("the same");
}

static void test_files_stay_files(void **state) {
  open_taking(state, true, true);
  run_lua("local f = assert(io.tmpfile()) f:write('x') f:seek('set') return f:read('a')");
  assert_string_equal(lua_tostring(L, -1), "x");
  assert_taken("");
  run_lua("local before = io.output() io.output(io.tmpfile()) io.write('y') io.output(before) "
          "io.write('z')");
  assert_taken("z");
}

static void test_only_what_is_asked_for_is_taken(void **state) {
  open_taking(state, false, false);
  run_lua("io.stdout:write('') io.stderr:write('')");
  assert_taken("");
  open_taking(state, true, false);
  run_lua("io.stdout:write('out') io.stderr:write('')");
  assert_taken("out");
}

int main(void) {
  buf_init(&taken);
  const struct CMUnitTest tests[] = {
    TEST(test_what_is_written_is_taken_at_once),
    TEST(test_files_stay_files),
    TEST(test_only_what_is_asked_for_is_taken),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  buf_clear(&taken);
  return failed;
}
