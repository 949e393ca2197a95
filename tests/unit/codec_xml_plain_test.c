// codec/xml_plain: what it reads, and what it leaves to libxml2.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/xml_plain.h"

#include "codec/xml.h"

static NodeTree tree;

static int begin(void **state) {
  nodes_init(&tree);
  return 0;
}

static int end(void **state) {
  nodes_clear(&tree);
  return 0;
}

static bool reads(const char *document) { return xml_plain_read(str_of(document), &tree); }

static void assert_text(uint32_t parent, const char *name, const char *expected) {
  Str text;
  assert_true(node_child_text(&tree, parent, str_of(name), &text));
  if (!str_eq(text, str_of(expected))) fail_msg("%s: \"%.*s\"", name, STR_FMT(text));
}

static void test_a_message_is_read(void **state) {
  assert_true(reads(
      "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n  <CreateTime>1700000000</CreateTime>\n"
      "<Content><![CDATA[ 你好 <a & b> ]] ]]></Content><Empty/><Nothing></Nothing></xml>\n"));
  assert_int_equal(tree.count, 6);
  assert_text(0, "ToUserName", "gh_1");
  assert_text(0, "CreateTime", "1700000000");
  assert_text(0, "Content", " 你好 <a & b> ]] ");
  assert_text(0, "Empty", "");
  assert_text(0, "Nothing", "");
}

static void test_white_space_beside_a_section_is_layout(void **state) {
  assert_true(reads(
      "<xml>\n <A>\n  <![CDATA[ a ]]>\n </A> <B> <![CDATA[]]></B><C><![CDATA[c]]>\t</C></xml>"));
  assert_text(0, "A", " a ");
  assert_text(0, "B", "");
  assert_text(0, "C", "c");
}

static void test_elements_inside_elements_hang_together(void **state) {
  assert_true(
      reads("<xml><List><item><A>1</A></item> <item><A>2</A><B> </B></item></List><C>3</C></xml>"));
  uint32_t list = node_child(&tree, 0, STR("List")), item = tree.nodes[list].first_child;
  assert_int_equal(tree.nodes[list].child_count, 2);
  assert_int_equal(tree.nodes[list].text_len, 0);
  assert_text(item, "A", "1");
  item = tree.nodes[item].next;
  assert_text(item, "A", "2");
  assert_text(item, "B", " ");
  assert_text(0, "C", "3");
}

static void test_all_else_is_left_to_libxml2(void **state) {
  static const char *const documents[] = {
    "",
    " <a>1</a>",
    "a",
    "<",
    "<a",
    "<a>",
    "<a>1",
    "<a>1<",
    "<a>1</",
    "<a>1</a",
    "</a>",
    "<a>1</b>",
    "<a>1</a >",
    "<a >1</a>",
    "<a b='1'>1</a>",
    "<a>1</a>2",
    "<a>1</a><b>2</b>",
    "<a><b>1</a></b>",
    "<?xml version=\"1.0\"?><a>1</a>",
    "<!DOCTYPE a><a>1</a>",
    "<!-- --><a>1</a>",
    "<a><!-- -->1</a>",
    "<a>&lt;</a>",
    "<a>1 > 0</a>",
    "<a>]]></a>",
    "<a>1\r\n2</a>",
    "<a><![CDATA[1\r2]]></a>",
    "<a><![CDATA[1]]>2</a>",
    "<a>1<![CDATA[2]]></a>",
    "<a> <![CDATA[1]]>2</a>",
    "<a> <![CDATA[1]]> <![CDATA[2]]></a>",
    "<a><![CDATA[1]] ></a>",
    "<a><![CDATA[x]]>y]]></a>",
    "<a>words <b>1</b></a>",
    "<a><b>1</b> words</a>",
    "<1>1</1>",
    "<é>1</é>",
    "<a:b>1</a:b>",
    "<a/ >",
    "<a//>",
  };
  for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
    if (reads(documents[i])) fail_msg("read: %s", documents[i]);
  }
}

// To the depth that xml_parse allows, and no further.
static void test_depth_is_bounded(void **state) {
  Buf document;
  buf_init(&document);
  for (int depth = XML_DEPTH_MAX; depth <= XML_DEPTH_MAX + 1; depth++) {
    buf_reset(&document);
    for (int i = 0; i < depth; i++) buf_add(&document, STR("<a>"));
    for (int i = 0; i < depth; i++) buf_add(&document, STR("</a>"));
    assert_int_equal(xml_plain_read(buf_str(&document), &tree), depth <= XML_DEPTH_MAX);
  }
  buf_clear(&document);
}

// The bytes may end anywhere: no one beyond them is looked at (AddressSanitizer watches).
static void test_a_document_may_break_off_anywhere(void **state) {
  static const char whole[] = "<xml><A><![CDATA[b]]></A><C><D>1</D></C></xml>";
  for (size_t len = 0; len < sizeof whole - 1; len++) {
    char *copy = test_malloc(len + 1);
    memcpy(copy, whole, len);
    assert_false(xml_plain_read(str_make(copy, len), &tree));
    test_free(copy);
  }
  assert_true(reads(whole));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_message_is_read),
    cmocka_unit_test(test_white_space_beside_a_section_is_layout),
    cmocka_unit_test(test_elements_inside_elements_hang_together),
    cmocka_unit_test(test_all_else_is_left_to_libxml2),
    cmocka_unit_test(test_depth_is_bounded),
    cmocka_unit_test(test_a_document_may_break_off_anywhere),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
