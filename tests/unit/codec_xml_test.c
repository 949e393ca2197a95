// codec/xml: documents of the platform, of its users, and of those who mean ill.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/xml.h"

static XmlParser *parser;
static NodeTree tree;
static Err err;

static int make_parser(void **state) {
  nodes_init(&tree);
  return (parser = xml_parser_new()) ? 0 : -1;
}

static int free_parser(void **state) {
  xml_parser_free(parser);
  nodes_clear(&tree);
  return 0;
}

static void parse(Str document) {
  err = (Err){ 0 };
  if (!xml_parse(parser, document, &tree, &err)) fail_msg("%.*s: %s", STR_FMT(document), err.text);
}

static void assert_root_text(Str document, Str expected) {
  parse(document);
  Str text = node_text(&tree, 0);
  if (!str_eq(text, expected)) fail_msg("%.*s: \"%.*s\"", STR_FMT(document), STR_FMT(text));
}

static void assert_refused(Str document, const char *reason) {
  err = (Err){ 0 };
  assert_false(xml_parse(parser, document, &tree, &err));
  assert_int_equal(err.code, ERR_INVALID);
  if (!strstr(err.text, reason)) fail_msg("refused with \"%s\"", err.text);
}

static void assert_child(const char *name, const char *expected) {
  Str text;
  assert_true(node_child_text(&tree, 0, str_of(name), &text));
  assert_true(str_eq(text, str_of(expected)));
}

// ---- reading ------------------------------------------------------------------------------------

static void test_a_text_message_becomes_a_flat_tree(void **state) {
  parse(STR(
      "<xml>\n  <ToUserName><![CDATA[gh_1]]></ToUserName>\n  <CreateTime>1460537339</CreateTime>\n"
      "  <Content><![CDATA[你好, <b> & ]] ]]></Content>\n  "
      "<MsgId>6272960105994287618</MsgId>\n</xml>\n"));
  assert_int_equal(tree.count, 5);
  assert_true(str_eq(node_name(&tree, 0), STR("xml")));
  assert_int_equal(node_text(&tree, 0).len, 0);
  assert_int_equal(tree.nodes[0].child_count, 4);
  assert_child("ToUserName", "gh_1");
  assert_child("CreateTime", "1460537339");
  assert_child("Content", "你好, <b> & ]] ");
  assert_child("MsgId", "6272960105994287618");
}

static void test_a_tree_knows_whether_its_document_was_clean(void **state) {
  parse(STR("<xml><Content><![CDATA[你好]]></Content></xml>"));
  assert_true(tree.is_clean);
  parse(STR("<xml>\n <Content a=\"b\">&lt;</Content></xml>"));
  assert_true(tree.is_clean);
  parse(STR("<xml><Content><![CDATA[\xE4\xBD]]></Content></xml>"));
  assert_false(tree.is_clean);
  parse(STR("<xml><Content><![CDATA[a\x01]]></Content></xml>"));
  assert_false(tree.is_clean);
  nodes_reset(&tree);
  assert_false(tree.is_clean);
}

static void test_nested_elements_keep_their_place(void **state) {
  parse(STR("<xml><SendPicsInfo><Count>2</Count><PicList><item><Md5>a</Md5></item><item><Md5>b</"
            "Md5></item></"
            "PicList>"
            "</SendPicsInfo><After>x</After></xml>"));
  uint32_t list = node_child(&tree, node_child(&tree, 0, STR("SendPicsInfo")), STR("PicList"));
  assert_int_equal(tree.nodes[list].child_count, 2);
  Str text;
  uint32_t second = tree.nodes[tree.nodes[list].first_child].next;
  assert_true(node_child_text(&tree, second, STR("Md5"), &text));
  assert_true(str_eq(text, STR("b")));
  assert_child("After", "x");
}

static void test_text_is_kept_as_sent_inside_and_outside_cdata(void **state) {
  assert_root_text(STR("<a> b </a>"), STR(" b "));
  assert_root_text(STR("<a><![CDATA[ b ]]></a>"), STR(" b "));
  assert_root_text(STR("<a> </a>"), STR(" "));
  assert_root_text(STR("<a><![CDATA[ ]]></a>"), STR(" "));
  assert_root_text(STR("<a></a>"), STR(""));
  assert_root_text(STR("<a/>"), STR(""));
  assert_root_text(STR("<a><![CDATA[]]></a>"), STR(""));
}

static void test_white_space_beside_a_section_is_layout(void **state) {
  static const struct {
    const char *document, *text;
  } cases[] = {
    { "<a> <![CDATA[event]]> </a>", "event" },
    { "<a>\r\n\t<![CDATA[ 100 200 ]]>\r\n</a>", " 100 200 " },
    { "<a>\n    <![CDATA[ 100 200 ]]>\n  </a>", " 100 200 " },
    { "<a b='c'> <![CDATA[d]]> </a>", "d" },
    { "<a> <![CDATA[]]> </a>", "" },
    { "<a> <![CDATA[b]]></a>", "b" },
    { "<a><![CDATA[b]]> </a>", "b" },
    { "<a>\n<![CDATA[b]]>\n<![CDATA[ c]]>\n</a>", "b c" },
    { "<a> <!-- no --> <![CDATA[b]]> <?no?> </a>", "b" },
    { "<a>  b  </a>", "  b  " },
    { "<a> b <![CDATA[ c]]> </a>", " b  c" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_root_text(str_of(cases[i].document), str_of(cases[i].text));
}

static void
test_the_end_of_a_section_that_a_user_sent_is_text_in_a_laid_out_document_too(void **state) {
  parse(
      STR("<xml>\n <Content>\n  <![CDATA[a]]>b]]>\n </Content>\n <MsgId>\n  1\n </MsgId>\n</xml>"));
  assert_child("Content", "a]]>b");
  assert_child("MsgId", "\n  1\n ");
}

static void test_pieces_of_text_are_joined(void **state) {
  assert_root_text(
      STR("<a>one<![CDATA[ two]]> three<!-- no --><![CDATA[ four]]><?pi no?> five</a>"),
      STR("one two three four five"));
}

static void test_white_space_between_children_is_dropped(void **state) {
  parse(STR("<a> \n <b>1</b> \t <c/> \r\n </a>"));
  assert_int_equal(node_text(&tree, 0).len, 0);
  assert_child("b", "1");
  assert_child("c", "");
}

static void test_entities_are_decoded_once(void **state) {
  assert_root_text(STR("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;&#x1F600;</a>"),
                   STR("<>&\"'A中😀"));
  assert_root_text(STR("<a>&amp;lt;</a>"), STR("&lt;"));
  assert_root_text(STR("<a><![CDATA[&lt;&#65;]]></a>"), STR("&lt;&#65;"));
}

static void test_what_looks_like_cdata_inside_cdata_is_text(void **state) {
  assert_root_text(STR("<a><![CDATA[<b><![CDATA[c]]></a>"), STR("<b><![CDATA[c"));
  assert_root_text(STR("<a><![CDATA[x><![CDATA[c]]></a>"), STR("x><![CDATA[c"));
  assert_root_text(STR("<a><![CDATA[]]]]><![CDATA[>]]></a>"), STR("]]>"));
  assert_root_text(STR("<a><!-- ><![CDATA[x]]></ --><![CDATA[y]]></a>"), STR("y"));
}

static void test_a_tag_may_have_attributes_that_nobody_reads(void **state) {
  parse(STR("<a x='1' y=\"&lt;\"><b z=''>t</b></a>"));
  assert_child("b", "t");
}

static void test_a_colon_is_part_of_a_name(void **state) {
  parse(STR("<a><n:b>t</n:b></a>"));
  assert_child("n:b", "t");
}

static void test_a_byte_order_mark_and_a_declaration_of_utf8_are_accepted(void **state) {
  assert_root_text(STR("\xEF\xBB\xBF<a>b</a>"), STR("b"));
  assert_root_text(STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a>b</a>"), STR("b"));
  assert_root_text(STR("<?xml version='1.0' encoding='UTF-8' standalone='yes'?><a>b</a>"),
                   STR("b"));
  assert_root_text(STR("<?xml version='1.0'?><a>b</a>"), STR("b"));
}

static void test_line_ends_become_line_feeds_as_xml_has_it(void **state) {
  assert_root_text(STR("<a>1\r\n2\r3</a>"), STR("1\n2\n3"));
  assert_root_text(STR("<a><![CDATA[1\r\n2\r3]]></a>"), STR("1\n2\n3"));
}

// ---- cleaning -----------------------------------------------------------------------------------

static void test_what_users_send_may_hold_the_end_of_a_section(void **state) {
  static const char *texts[] = {
    "a]]>b",
    "]]>",
    "a]]>",
    "<msg><![CDATA[a]]><status>x</status></msg>",
    "<xml><Content><![CDATA[hi]]></Content></xml>",
    "a & ]]> < b",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char document[512];
    int len = snprintf(document, sizeof document,
                       "<xml><From><![CDATA[o]]></From>\n<Content><![CDATA[%s]]></"
                       "Content>\n<MsgId>5</MsgId></xml>",
                       texts[i]);
    parse(str_make(document, (size_t)len));
    assert_child("From", "o");
    assert_child("Content", texts[i]);
    assert_child("MsgId", "5");
  }
}

static void test_a_section_without_an_end_is_refused(void **state) {
  assert_refused(STR("<xml><a><![CDATA[x]]></a><b><![CDATA[y</b></xml>"), "");
  assert_refused(STR("<xml><a><![CDATA[x]]></b></xml>"), "");
  assert_refused(STR("<xml><a><![CDATA[x]]>]]></a></b></xml>"), "");
  assert_refused(STR("<xml><a><![CDATA[]]></a><b>9</b> & more]]></a></xml>"), "");
  assert_refused(STR("<xml><a><![CDATA[x]]></a></xml><xml><a><![CDATA[x]]></a></xml>"), "");
}

static void test_forbidden_control_characters_are_dropped(void **state) {
  assert_root_text(STR("<a>x\x01\x08\x0B\x0C\x0E\x1F\0y</a>"), STR("xy"));
  assert_root_text(STR("<a><![CDATA[x\x01y\tz\n]]></a>"), STR("xy\tz\n"));
  assert_root_text(STR("<a>\x7F\xC2\x80</a>"), STR("\x7F\xC2\x80"));
}

static void test_references_to_forbidden_characters_are_treated_like_the_characters(void **state) {
  assert_root_text(STR("<a>x&#1;y&#x0;z&#00000031;</a>"), STR("xyz"));
  assert_root_text(STR("<a>&#xFFFE;&#xd800;&#x110000;&#99999999999999999999;</a>"),
                   STR("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
  assert_root_text(STR("<a>&#1;<![CDATA[&#1;]]><!-- &#1; --></a>"), STR("&#1;"));
  assert_root_text(STR("<a>&#9;&#10;&#13;</a>"), STR("\t\n\r"));
  assert_refused(STR("<a>&#1;&nope;</a>"), "nope");
  assert_refused(STR("<a>&#;</a>"), "line 1");
}

static void test_broken_utf8_and_noncharacters_become_replacement_characters(void **state) {
  assert_root_text(STR("<a>x\xFFy</a>"), STR("x\xEF\xBF\xBDy"));
  assert_root_text(STR("<a><![CDATA[\xE4\xBD]]></a>"), STR("\xEF\xBF\xBD"));
  assert_root_text(STR("<a>\xEF\xBF\xBE\xEF\xBF\xBF</a>"), STR("\xEF\xBF\xBD\xEF\xBF\xBD"));
  assert_root_text(STR("<a>\xED\xA0\x80</a>"), STR("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
  assert_root_text(STR("<a>\xEF\xBF\xBD😀\xF0\x9F\xBF\xBE</a>"),
                   STR("\xEF\xBF\xBD😀\xF0\x9F\xBF\xBE"));
}

// Long texts are looked at many bytes at a time: whatever stands in the midst of Chinese must be judged as
// when it stands alone.
static void test_three_bytes_are_judged_alike_wherever_they_stand(void **state) {
  static const unsigned char leads[] = { 'a',  0x01, 0x7F, 0x80, 0xC3, 0xE0,
                                         0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0 };
  static const unsigned char others[] = { 0x00, 0x41, 0x7F, 0x80, 0x9F, 0xA0,
                                          0xBD, 0xBE, 0xBF, 0xC0, 0xE4, 0xFF };
  enum { COUNT = sizeof others };
  for (size_t which = 0; which < sizeof leads * COUNT * COUNT; which++) {
    unsigned char three[] = { leads[which / COUNT / COUNT], others[which / COUNT % COUNT],
                              others[which % COUNT] };
    for (size_t before = 0; before < 12; before++) {
      Buf text, expected, scratch, alone;
      buf_init(&text), buf_init(&expected), buf_init(&scratch), buf_init(&alone);
      for (size_t i = 0; i < before; i++) buf_add(&text, STR("好"));
      buf_add(&expected, buf_str(&text));
      buf_add(&text, str_make((const char *)three, sizeof three));
      buf_add(&expected, xml_clean(&alone, str_make((const char *)three, sizeof three)));
      for (size_t i = 0; i < 7; i++) buf_add(&text, STR("，")), buf_add(&expected, STR("，"));
      if (!str_eq(xml_clean(&scratch, buf_str(&text)), buf_str(&expected)))
        fail_msg("%02X %02X %02X behind %zu characters", three[0], three[1], three[2], before);
      buf_clear(&text), buf_clear(&expected), buf_clear(&scratch), buf_clear(&alone);
    }
  }
}

static void test_dirt_is_found_wherever_it_stands(void **state) {
  // The scan goes by sixteen bytes: each place in them is tried.
  for (size_t at = 0; at < 70; at++) {
    char text[70];
    memset(text, 'x', sizeof text);
    Buf scratch;
    buf_init(&scratch);
    assert_ptr_equal(xml_clean(&scratch, str_make(text, sizeof text)).ptr, text);
    text[at] = '\x02';
    Str clean = xml_clean(&scratch, str_make(text, sizeof text));
    assert_int_equal(clean.len, 69);
    text[at] = '\xC3';
    clean = xml_clean(&scratch, str_make(text, sizeof text));
    assert_int_equal(clean.len, 72);
    assert_memory_equal(clean.ptr + at, "\xEF\xBF\xBD", 3);
    buf_clear(&scratch);
  }
}

// ---- refusing -----------------------------------------------------------------------------------

static void test_what_is_not_well_formed_is_refused_with_line_and_cause(void **state) {
  assert_refused(STR(""), "empty");
  assert_refused(STR("   "), "line 1");
  assert_refused(STR("hello"), "Start tag expected");
  assert_refused(STR("<a>\n\n<b></c></a>"), "line 3");
  assert_refused(STR("<a>"), "Premature end");
  assert_refused(STR("<a></a"), "line 1");
  assert_refused(STR("<a><![CDATA[x</a>"), "CData");
  assert_refused(STR("<a x=1/>"), "line 1");
  assert_refused(STR("<a x='1' x='2'/>"), "redefined");
  assert_refused(STR("<a>]]></a>"), "]]>");
  assert_refused(STR("<a b='><![CDATA[x]]></'/>"), "line 1");
  assert_refused(STR("<![CDATA[ ]]><a/>"), "line 1");
  assert_refused(STR("<a>&am<![CDATA[p;]]></a>"), "line 1");
  assert_refused(STR("<a/><![CDATA[ ]]>"), "line 1");
}

static void test_anything_after_the_root_is_refused(void **state) {
  assert_refused(STR("<a/>x"), "Extra content");
  assert_refused(STR("<a/><b/>"), "Extra content");
  parse(STR("<a/> <!-- fine --> "));
}

static void test_doctypes_and_entities_of_ones_own_are_refused(void **state) {
  assert_refused(STR("<!DOCTYPE a><a/>"), "DOCTYPE");
  assert_refused(STR("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), "DOCTYPE");
  assert_refused(STR("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"),
                 "DOCTYPE");
  assert_refused(STR("<a>&b;</a>"), "Entity 'b' not defined");
  assert_refused(STR("<a b='&c;'/>"), "Entity 'c' not defined");
}

static void test_other_encodings_are_refused(void **state) {
  assert_refused(STR("<?xml version='1.0' encoding='GBK'?><a>b</a>"), "GBK");
  assert_refused(STR("<?xml version=\"1.0\" encoding = \"ISO-8859-1\"?><a>b</a>"), "ISO-8859-1");
  assert_refused(STR("<?xml version='1.0' encoding='UTF-16'?><a>b</a>"), "UTF-16");
  assert_refused(STR("\xFF\xFE<\0a\0/\0>\0"), "UTF-16");
  assert_refused(STR("<\0a\0/\0>\0"), "UTF-16");
  assert_refused(STR("\0<\0a\0/\0>"), "UTF-16");
}

static void test_depth_is_bounded(void **state) {
  for (int depth = XML_DEPTH_MAX; depth <= XML_DEPTH_MAX + 1; depth++) {
    Buf document;
    buf_init(&document);
    for (int i = 0; i < depth; i++) buf_add(&document, STR("<a>"));
    for (int i = 0; i < depth; i++) buf_add(&document, STR("</a>"));
    if (depth <= XML_DEPTH_MAX) parse(buf_str(&document));
    else assert_refused(buf_str(&document), "nested too deeply");
    buf_clear(&document);
  }
}

static void repeat(Buf *out, Str part, size_t count) {
  for (size_t i = 0; i < count; i++) buf_add(out, part);
}

// A document of `head`, a million bytes or so of `part`, and `tail` is answered at once, whatever the answer.
static void assert_quick(Str head, Str part, Str tail) {
  Buf document;
  buf_init(&document);
  buf_add(&document, head);
  repeat(&document, part, 1000000 / part.len);
  buf_add(&document, tail);
  int64_t start = clock_thread_cpu_us();
  xml_parse(parser, buf_str(&document), &tree, &err);
  int64_t took_ms = (clock_thread_cpu_us() - start) / 1000;
  if (took_ms > 2000) fail_msg("%.*s took %d ms", STR_FMT(part), (int)took_ms);
  buf_clear(&document);
}

static void test_a_megabyte_of_malice_takes_no_more_than_its_time(void **state) {
  assert_quick(STR(""), STR("<a>"), STR(""));
  assert_quick(STR("<a>"), STR("<b/>"), STR("</a>"));
  assert_quick(STR("<a"), STR(" b=''"), STR("/>"));
  assert_quick(STR("<"), STR("a"), STR("/>"));
  assert_quick(STR("<a>"), STR("&amp;"), STR("</a>"));
  assert_quick(STR("<a>"), STR("&x;"), STR("</a>"));
  assert_quick(STR("<a>"), STR("&#1;"), STR("</a>"));
  assert_quick(STR("<a>"), STR("<![CDATA["), STR("</a>"));
  assert_quick(STR("<a>"), STR("<![CDATA[x]]>"), STR("</a>"));
  assert_quick(STR("<a>&#1;"), STR("<!--"), STR("</a>"));
  assert_quick(STR("<a>&#1;"), STR("<?"), STR("</a>"));
  assert_quick(STR("<a>"), STR("\x01"), STR("</a>"));
  assert_quick(STR("<a>"), STR("\xFF"), STR("</a>"));
  assert_quick(STR(""), STR("<!"), STR(""));
  assert_quick(STR("<a b='"), STR("&lt;"), STR("'/>"));
  assert_quick(STR("<a>"), STR("]]>"), STR("</a>"));
}

static void test_a_tag_with_a_thousand_attributes_is_refused(void **state) {
  Buf document;
  buf_init(&document);
  buf_add(&document, STR("<a"));
  for (int i = 0; i < 1000; i++) buf_printf(&document, " b%d='='", i);
  buf_add(&document, STR("/>"));
  assert_refused(buf_str(&document), "attributes");
  buf_reset(&document);
  buf_add(&document, STR("<a b='"));
  repeat(&document, STR("="), 10000);
  buf_add(&document, STR("'><![CDATA["));
  repeat(&document, STR(" c='1'"), 1000);
  buf_add(&document, STR("]]></a>"));
  parse(buf_str(&document));
  buf_clear(&document);
}

// ---- the handle ---------------------------------------------------------------------------------

static void test_a_refused_document_does_not_spoil_the_next(void **state) {
  static const char *const bad[] = {
    "<a>",   "<a><b>", "<!DOCTYPE a [", "<a>&x;</a>", "<?xml version='1.0' encoding='GBK'?><a/>",
    "<a x='"
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(xml_parse(parser, str_of(bad[i]), &tree, NULL));
    assert_int_equal(tree.count, 0);
    assert_root_text(STR("<a>b</a>"), STR("b"));
  }
}

static void test_names_without_end_do_not_pile_up(void **state) {
  // More names than are kept, twice; each document still has its own.
  for (int i = 0; i < 6000; i++) {
    char document[64];
    snprintf(document, sizeof document, "<a><name%d>x</name%d></a>", i, i);
    parse(str_of(document));
    assert_int_equal(tree.count, 2);
  }
}

static void test_libxml2_writes_nothing_to_standard_error(void **state) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  int real = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  xml_parse(parser, STR("<a><b></a>"), &tree, NULL);
  xml_parse(parser, STR("<?xml version='9.9'?><a xml:lang='' xml:space='x'/>"), &tree, NULL);
  xml_parse(parser, STR("<?oasis-xml-catalog catalog='file:///nowhere'?><a/>"), &tree, NULL);
  dup2(real, STDERR_FILENO);
  close(real);
  char byte;
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

// ---- writing ------------------------------------------------------------------------------------

static void assert_written(void (*add)(Buf *, Str), Str text, const char *expected) {
  Buf out;
  buf_init(&out);
  add(&out, text);
  assert_string_equal(buf_str(&out).ptr, expected);
  buf_clear(&out);
}

static void test_cdata_is_split_where_it_would_end_and_cleaned_first(void **state) {
  assert_written(xml_add_cdata, STR("a & <b>"), "<![CDATA[a & <b>]]>");
  assert_written(xml_add_cdata, STR(""), "<![CDATA[]]>");
  assert_written(xml_add_cdata, STR("]]>]]>"), "<![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>]]>");
  assert_written(xml_add_cdata, STR("]\x01]\x02>"), "<![CDATA[]]]]><![CDATA[>]]>");
  assert_written(xml_add_cdata, STR("a\0\xFF\xEF\xBF\xBF"),
                 "<![CDATA[a\xEF\xBF\xBD\xEF\xBF\xBD]]>");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_text_message_becomes_a_flat_tree),
    cmocka_unit_test(test_a_tree_knows_whether_its_document_was_clean),
    cmocka_unit_test(test_nested_elements_keep_their_place),
    cmocka_unit_test(test_text_is_kept_as_sent_inside_and_outside_cdata),
    cmocka_unit_test(test_white_space_beside_a_section_is_layout),
    cmocka_unit_test(test_the_end_of_a_section_that_a_user_sent_is_text_in_a_laid_out_document_too),
    cmocka_unit_test(test_pieces_of_text_are_joined),
    cmocka_unit_test(test_white_space_between_children_is_dropped),
    cmocka_unit_test(test_entities_are_decoded_once),
    cmocka_unit_test(test_what_looks_like_cdata_inside_cdata_is_text),
    cmocka_unit_test(test_a_tag_may_have_attributes_that_nobody_reads),
    cmocka_unit_test(test_a_colon_is_part_of_a_name),
    cmocka_unit_test(test_a_byte_order_mark_and_a_declaration_of_utf8_are_accepted),
    cmocka_unit_test(test_line_ends_become_line_feeds_as_xml_has_it),
    cmocka_unit_test(test_what_users_send_may_hold_the_end_of_a_section),
    cmocka_unit_test(test_a_section_without_an_end_is_refused),
    cmocka_unit_test(test_forbidden_control_characters_are_dropped),
    cmocka_unit_test(test_references_to_forbidden_characters_are_treated_like_the_characters),
    cmocka_unit_test(test_broken_utf8_and_noncharacters_become_replacement_characters),
    cmocka_unit_test(test_three_bytes_are_judged_alike_wherever_they_stand),
    cmocka_unit_test(test_dirt_is_found_wherever_it_stands),
    cmocka_unit_test(test_what_is_not_well_formed_is_refused_with_line_and_cause),
    cmocka_unit_test(test_anything_after_the_root_is_refused),
    cmocka_unit_test(test_doctypes_and_entities_of_ones_own_are_refused),
    cmocka_unit_test(test_other_encodings_are_refused),
    cmocka_unit_test(test_depth_is_bounded),
    cmocka_unit_test(test_a_megabyte_of_malice_takes_no_more_than_its_time),
    cmocka_unit_test(test_a_tag_with_a_thousand_attributes_is_refused),
    cmocka_unit_test(test_a_refused_document_does_not_spoil_the_next),
    cmocka_unit_test(test_names_without_end_do_not_pile_up),
    cmocka_unit_test(test_libxml2_writes_nothing_to_standard_error),
    cmocka_unit_test(test_cdata_is_split_where_it_would_end_and_cleaned_first),
  };
  return cmocka_run_group_tests(tests, make_parser, free_parser);
}
