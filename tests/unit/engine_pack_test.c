// engine/pack: Lua values as bytes and back.
#include "door_world.h"

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

static void test_what_cannot_be_kept_gives_the_record_up(void **state) {
  run_new_record("echo(print) return tostring(save())");
  assert_result("false");
  assert_non_null(strstr(world.given_up, "test.echo"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_values_of_each_kind_come_back),
    TEST(test_damaged_bytes_are_refused),
    TEST(test_what_cannot_be_kept_gives_the_record_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
