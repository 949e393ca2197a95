// codec/xml_mend: references and sections as they really come.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/xml_mend.h"

typedef bool (*Mend)(Buf *out, Str document);

static void assert_mended(Mend mend, const char *document, const char *expected) {
  Buf out;
  buf_init(&out);
  assert_true(mend(&out, str_of(document)));
  if (!str_eq(buf_str(&out), str_of(expected)))
    fail_msg("%s became %.*s", document, STR_FMT(buf_str(&out)));
  buf_clear(&out);
}

static void test_references_to_forbidden_characters_go_or_are_replaced(void **state) {
  assert_mended(xml_mend_references, "<a>1&#1;2&#x1F;3</a>", "<a>123</a>");
  assert_mended(xml_mend_references, "<a>&#xFFFE;&#xD800;&#x110000;&#99999999999999;</a>",
                "<a>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD</a>");
}

static void test_other_references_stay(void **state) {
  assert_mended(xml_mend_references, "<a>&#65;&#x4F60;&#10;&lt;&amp;&nothing;&#;&#x;&#12</a>",
                "<a>&#65;&#x4F60;&#10;&lt;&amp;&nothing;&#;&#x;&#12</a>");
}

static void test_what_looks_like_a_reference_in_a_section_is_text(void **state) {
  assert_mended(xml_mend_references, "<a><![CDATA[&#1;]]>&#1;</a><!-- &#1; -->",
                "<a><![CDATA[&#1;]]></a><!-- &#1; -->");
}

static void test_a_mark_that_a_user_sent_is_text(void **state) {
  Buf out;
  buf_init(&out);
  assert_true(xml_mend_sections(&out, STR("<x><A><![CDATA[a]]>b]]></A><B><![CDATA[c]]></B></x>")));
  Str mended = buf_str(&out);
  assert_true(str_find(mended, STR("]]>b")) < 0);
  assert_true(str_find(mended, STR("<B>")) > 0);
  buf_clear(&out);
}

static void test_sections_that_are_whole_need_no_mending(void **state) {
  Buf out;
  buf_init(&out);
  assert_false(xml_mend_sections(&out, STR("<x><A><![CDATA[a]]></A><B>c</B></x>")));
  buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_references_to_forbidden_characters_go_or_are_replaced),
    cmocka_unit_test(test_other_references_stay),
    cmocka_unit_test(test_what_looks_like_a_reference_in_a_section_is_text),
    cmocka_unit_test(test_a_mark_that_a_user_sent_is_text),
    cmocka_unit_test(test_sections_that_are_whole_need_no_mending),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
