// engine/load: load, loadfile and dofile accept source text only.
#include "engine_world.h"

#include <stdlib.h>
#include <unistd.h>

static void test_text_is_loaded_from_a_string_and_from_a_function(void **state) {
  assert_true_in_lua(
      "load('return 1 + 1')() == 2, load('return x', 'chunk', 't', { x = 7 })() == 7");
  run_lua("local parts, i = { 'return ', '4', '2' }, 0\n"
          "return load(function() i = i + 1 return parts[i] end)() == 42");
  assert_true(lua_toboolean(L, 1));
}

static void test_what_does_not_parse_gives_nil_and_why(void **state) {
  run_lua("local f, why = load('return +', '=chunk') return f == nil, why:find('chunk:1:', 1, "
          "true) == 1");
  assert_true(lua_toboolean(L, 1));
  assert_true(lua_toboolean(L, 2));
}

static void test_a_binary_chunk_is_refused(void **state) {
  run_lua("local f, why = load(string.dump(function() end), 'x', 'b')\n"
          "return f == nil, tostring(why)");
  assert_true(lua_toboolean(L, 1));
  assert_non_null(strstr(lua_tostring(L, 2), "binary"));
}

static void test_a_file_is_loaded_and_run(void **state) {
  char path[] = "/tmp/wemoon-load-XXXXXX", code[200];
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "#!/x\nreturn 5", 13), 13);
  close(fd);
  snprintf(code, sizeof code,
           "loadfile('%s')() == 5, dofile('%s') == 5, loadfile('/nowhere') == nil", path, path);
  assert_true_in_lua(code);
  unlink(path);
}

static void test_a_reader_that_never_ends_is_stopped(void **state) {
  assert_task_fails("load(function() return ' ' end)", "script_cpu_ms");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_text_is_loaded_from_a_string_and_from_a_function),
    TEST(test_what_does_not_parse_gives_nil_and_why),
    TEST(test_a_binary_chunk_is_refused),
    TEST(test_a_file_is_loaded_and_run),
    TEST(test_a_reader_that_never_ends_is_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
