// codec/xml_lex: names, and where sections end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/xml_lex.h"

#include <string.h>

static void test_names_of_elements_are_plain(void **state) {
  char name[130];
  memset(name, 'a', sizeof name);
  assert_true(xml_name_ok(STR("FromUserName")));
  assert_true(xml_name_ok(STR("_a-b.c9")));
  assert_true(xml_name_ok(str_make(name, 128)));
  assert_false(xml_name_ok(str_make(name, 129)));
  assert_false(xml_name_ok(STR("")));
  assert_false(xml_name_ok(STR("9a")));
  assert_false(xml_name_ok(STR("-a")));
  assert_false(xml_name_ok(STR("a b")));
  assert_false(xml_name_ok(STR("a>")));
  assert_false(xml_name_ok(STR("名")));
  assert_false(xml_name_ok(STR("a\0")));
}

static bool goes_on(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("_-.", c));
}

// Names are looked at sixteen bytes at a time.
static void test_a_name_ends_before_the_first_other_byte_wherever_it_stands(void **state) {
  for (size_t at = 1; at < 40; at++) {
    for (int byte = 0; byte < 256; byte++) {
      char text[60];
      memset(text, 'z', sizeof text);
      text[at] = (char)byte;
      assert_int_equal(xml_name_len(str_make(text, sizeof text)),
                       goes_on((unsigned char)byte) ? sizeof text : at);
      assert_int_equal(xml_name_len(str_make(text, at + 1)),
                       goes_on((unsigned char)byte) ? at + 1 : at);
    }
  }
}

static void test_a_section_ends_at_its_first_mark(void **state) {
  assert_int_equal(xml_section_end(STR("a]]]>b]]>")), 2);
  assert_int_equal(xml_section_end(STR("]]>")), 0);
  assert_int_equal(xml_section_end(STR("a]] >]>")), -1);
  assert_int_equal(xml_section_end(STR("]]")), -1);
  assert_int_equal(xml_section_end(STR("")), -1);
}

static void test_literal_sections_have_their_length(void **state) {
  assert_int_equal(xml_literal_section(STR("<![CDATA[a]]>b")), 13);
  assert_int_equal(xml_literal_section(STR("<!-- & -->b")), 10);
  assert_int_equal(xml_literal_section(STR("<?php = ?>b")), 10);
  assert_int_equal(xml_literal_section(STR("<!-- open")), 9);
  assert_int_equal(xml_literal_section(STR("<a>")), 0);
  assert_int_equal(xml_literal_section(STR("")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_names_of_elements_are_plain),
    cmocka_unit_test(test_a_name_ends_before_the_first_other_byte_wherever_it_stands),
    cmocka_unit_test(test_a_section_ends_at_its_first_mark),
    cmocka_unit_test(test_literal_sections_have_their_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
