// A reply is well-formed XML whatever the script put into it, and keeps the platform's limits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/xml.h"
#include "wechat/reply.h"

static Arena *arena;
static XmlParser *parser;
static NodeTree tree;
static Buf out;
static Reply reply;
static Str rest;

static int set_up(void **state) {
  arena = arena_new();
  parser = xml_parser_new();
  nodes_init(&tree);
  return arena && parser ? 0 : -1;
}

static int tear_down(void **state) {
  arena_free(arena);
  xml_parser_free(parser);
  nodes_clear(&tree);
  buf_clear(&out);
  return 0;
}

static const char *rendered(void) {
  buf_reset(&out);
  reply_render(&reply, STR("oUser"), STR("gh_1"), 1700000001, &out);
  assert_false(out.failed);
  return out.ptr;
}

// Renders and reads back.
static void read_back(void) {
  Err err;
  rendered();
  if (!xml_parse(parser, buf_str(&out), &tree, &err)) fail_msg("%s: %s", err.text, out.ptr);
}

static void given_text(Str content) { assert_true(reply_text(&reply, arena, content, &rest)); }

static Str content_read_back(void) {
  Str text = STR("(nothing)");
  read_back();
  node_child_text(&tree, 0, STR("Content"), &text);
  return text;
}

static ReplyElement *element(const char *name, const char *text, ReplyElement *next) {
  ReplyElement *e = arena_calloc(arena, 1, sizeof *e);
  *e = (ReplyElement){ .name = str_of(name), .text = str_of(text), .next = next };
  return e;
}

static ReplyElement *parent(const char *name, ReplyElement *child, ReplyElement *next) {
  ReplyElement *e = element(name, "", next);
  e->child = child;
  return e;
}

static ReplyElement *number(const char *name, const char *text, ReplyElement *next) {
  ReplyElement *e = element(name, text, next);
  e->bare = true;
  return e;
}

static void given_elements(const char *type, ReplyElement *elements) {
  reply = (Reply){ .form = REPLY_ELEMENTS, .type = str_of(type), .elements = elements };
}

static ReplyElement *articles(int count) {
  ReplyElement *first = NULL;
  for (int i = count; i > 0; i--)
    first = parent("item", element("Title", arena_printf(arena, "T%d", i).ptr, NULL), first);
  return first;
}

static void given_news(int count) {
  given_elements("news", number("ArticleCount", arena_printf(arena, "%d", count).ptr,
                                parent("Articles", articles(count), NULL)));
}

// ---- text ----

static void test_a_text_is_addressed_and_rendered(void **state) {
  given_text(STR("你说：hi"));
  assert_string_equal(
      rendered(),
      "<xml><ToUserName><![CDATA[oUser]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName>"
      "<CreateTime>1700000001</CreateTime><MsgType><![CDATA[text]]></MsgType>"
      "<Content><![CDATA[你说：hi]]></Content></xml>");
  assert_int_equal(rest.len, 0);
}

static void test_an_empty_text_is_no_reply(void **state) {
  given_text(STR(""));
  assert_int_equal(reply.form, REPLY_NONE);
  given_text(STR("\x01\x02"));
  assert_int_equal(reply.form, REPLY_NONE);
  buf_reset(&out);
  reply_render(&reply, STR("o"), STR("g"), 1, &out);
  assert_int_equal(out.len, 0);
}

static void test_the_end_of_a_cdata_section_in_a_text_arrives(void **state) {
  given_text(STR("a]]>b]]]]>>]]>"));
  assert_true(str_eq(content_read_back(), STR("a]]>b]]]]>>]]>")));
}

static void test_control_characters_are_dropped_and_broken_characters_replaced(void **state) {
  given_text(STR("a\0b\x08"
                 "c\tD\nE\xFF\xE4\xBD"
                 "F\xEF\xBF\xBF"));
  Str text = content_read_back();
  assert_true(str_starts(text, STR("abc\tD\nE\xEF\xBF\xBD")));
  assert_true(str_ends(text, STR("F\xEF\xBF\xBD")));
}

static void test_2048_bytes_go_out_whole(void **state) {
  char text[REPLY_TEXT_MAX];
  memset(text, 'x', sizeof text);
  given_text(str_make(text, sizeof text));
  assert_int_equal(content_read_back().len, REPLY_TEXT_MAX);
  assert_int_equal(rest.len, 0);
}

static void test_a_long_text_is_cut_at_a_character(void **state) {
  Buf text;
  buf_init(&text);
  for (int i = 0; i < 700; i++) buf_add(&text, STR("微"));
  given_text(buf_str(&text));
  assert_int_equal(reply.elements->text.len, 2046);
  assert_int_equal(rest.len, 2100 - 2046);
  assert_true(str_starts(rest, STR("微")));
  assert_int_equal(content_read_back().len, 2046);
  buf_clear(&text);
}

static void test_what_cleaning_makes_longer_is_cut_after_it(void **state) {
  char text[1000];
  memset(text, '\xFF', sizeof text);
  given_text(str_make(text, sizeof text));
  assert_int_equal(reply.elements->text.len, 2046);
  assert_int_equal(rest.len, 3000 - 2046);
}

// ---- elements ----

static void test_numbers_stand_bare_and_texts_in_cdata(void **state) {
  given_elements("hardware", parent("HardWare", element("MessageView", "myrank", NULL),
                                    number("FuncFlag", "0", NULL)));
  assert_non_null(strstr(rendered(), "<HardWare><MessageView><![CDATA[myrank]]></MessageView></"
                                     "HardWare><FuncFlag>0</FuncFlag></xml>"));
}

static void test_a_number_that_is_none_is_wrapped_all_the_same(void **state) {
  given_elements("x", number("A", "1</A><B>", number("C", "", NULL)));
  assert_non_null(strstr(rendered(), "<A><![CDATA[1</A><B>]]></A><C><![CDATA[]]></C>"));
}

static void test_an_element_that_cannot_be_named_so_is_left_out(void **state) {
  given_elements(
      "x", element("A B", "1", element("", "2", element("x><y", "3", element("Ok", "4", NULL)))));
  assert_non_null(strstr(rendered(), "</MsgType><Ok><![CDATA[4]]></Ok></xml>"));
}

static void test_elements_without_end_downwards_are_cut_off(void **state) {
  ReplyElement *e = NULL;
  for (int i = 0; i < 10000; i++) e = parent("A", e, NULL);
  given_elements("x", e);
  read_back();
}

static void test_types_and_names_of_users_are_wrapped_too(void **state) {
  given_elements("a]]><b>", NULL);
  buf_reset(&out);
  reply_render(&reply, STR("o]]>"), STR("<g>"), -1, &out);
  Err err;
  Str text;
  assert_true(xml_parse(parser, buf_str(&out), &tree, &err));
  assert_true(node_child_text(&tree, 0, STR("ToUserName"), &text) && str_eq(text, STR("o]]>")));
  assert_true(node_child_text(&tree, 0, STR("MsgType"), &text) && str_eq(text, STR("a]]><b>")));
}

static void test_raw_xml_goes_out_as_it_is_but_for_what_xml_forbids(void **state) {
  reply = (Reply){ .form = REPLY_RAW, .raw = STR("<xml><A>1</A></xml>\n") };
  assert_string_equal(rendered(), "<xml><A>1</A></xml>\n");
  reply.raw = STR("<xml>\x01<A>1</A></xml>");
  assert_string_equal(rendered(), "<xml><A>1</A></xml>");
  reply.raw = STR("");
  buf_reset(&out);
  reply_render(&reply, STR("o"), STR("g"), 1, &out);
  assert_int_equal(out.len, 0);
}

// ---- news ----

static void test_a_message_takes_one_article_and_an_event_eight(void **state) {
  assert_int_equal(reply_news_max(false), 1);
  assert_int_equal(reply_news_max(true), 8);
}

static void test_articles_beyond_the_limit_are_dropped_and_counted(void **state) {
  given_news(10);
  assert_int_equal(reply_limit_news(&reply, arena, 8), 2);
  read_back();
  Str count;
  assert_true(node_child_text(&tree, 0, STR("ArticleCount"), &count) && str_eq(count, STR("8")));
  assert_int_equal(tree.nodes[node_child(&tree, 0, STR("Articles"))].child_count, 8);
  assert_non_null(strstr(out.ptr, "<ArticleCount>8</ArticleCount><Articles>"));
  assert_int_equal(reply_limit_news(&reply, arena, 1), 7);
  assert_non_null(strstr(rendered(), "<Title><![CDATA[T1]]></Title></item></Articles>"));
}

static void test_news_within_the_limit_stay_as_they_are(void **state) {
  given_news(8);
  assert_int_equal(reply_limit_news(&reply, arena, 8), 0);
  given_text(STR("x"));
  assert_int_equal(reply_limit_news(&reply, arena, 0), 0);
}

// ---- a line ----

static void assert_described(const char *xml, const char *line) {
  Err err;
  if (!xml_parse(parser, str_of(xml), &tree, &err)) fail_msg("%s", err.text);
  buf_reset(&out);
  reply_describe(&tree, &out);
  assert_string_equal(out.ptr, line);
}

#define REPLY(type, elements)                                                                      \
  "<xml><ToUserName>o</ToUserName><FromUserName>g</FromUserName><CreateTime>1</"                   \
  "CreateTime><MsgType>" type "</MsgType>" elements "</xml>"

static void test_each_kind_is_described_in_a_line(void **state) {
  assert_described(REPLY("text", "<Content>你说：hi</Content>"), "text: 你说：hi");
  assert_described(REPLY("text", "<Content>a\nb\tc</Content>"), "text: a\\nb\\tc");
  assert_described(REPLY("image", "<Image><MediaId>media-1</MediaId></Image>"), "image: media-1");
  assert_described(REPLY("voice", "<Voice><MediaId>media-2</MediaId></Voice>"), "voice: media-2");
  assert_described(
      REPLY("video",
            "<Video><MediaId>m</MediaId><Title>T</Title><Description></Description></Video>"),
      "video: m T");
  assert_described(
      REPLY("music", "<Music><Title>Song</Title><MusicUrl>https://a/b.mp3</MusicUrl></Music>"),
      "music: Song https://a/b.mp3");
  assert_described(REPLY("transfer_customer_service", ""), "transfer_customer_service");
  assert_described(
      REPLY("transfer_customer_service", "<TransInfo><KfAccount>a@b</KfAccount></TransInfo>"),
      "transfer_customer_service: a@b");
  assert_described(
      REPLY("hardware", "<HardWare><MessageView>v</MessageView></HardWare><FuncFlag>0</FuncFlag>"),
      "hardware: MessageView=v FuncFlag=0");
  assert_described(REPLY("new_kind", ""), "new_kind");
  assert_described("<xml><A>1</A><B><C>2</C></B></xml>", "raw: A=1 C=2");
  assert_described("<xml></xml>", "raw");
}

static void test_news_are_described_by_their_titles(void **state) {
  assert_described(REPLY("news", "<ArticleCount>2</ArticleCount><Articles><item><Title>A</Title></"
                                 "item><item><Title>B</Title></item></Articles>"),
                   "news: 2 articles: A | B");
  assert_described(REPLY("news", "<Articles><item><Title>A</Title></item></Articles>"),
                   "news: 1 article: A");
  assert_described(REPLY("news", "<Articles></Articles>"), "news: 0 articles");
}

static void test_nothing_is_described_as_no_reply(void **state) {
  buf_reset(&out);
  reply_describe(NULL, &out);
  assert_string_equal(out.ptr, "(no reply)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_text_is_addressed_and_rendered),
    cmocka_unit_test(test_an_empty_text_is_no_reply),
    cmocka_unit_test(test_the_end_of_a_cdata_section_in_a_text_arrives),
    cmocka_unit_test(test_control_characters_are_dropped_and_broken_characters_replaced),
    cmocka_unit_test(test_2048_bytes_go_out_whole),
    cmocka_unit_test(test_a_long_text_is_cut_at_a_character),
    cmocka_unit_test(test_what_cleaning_makes_longer_is_cut_after_it),
    cmocka_unit_test(test_numbers_stand_bare_and_texts_in_cdata),
    cmocka_unit_test(test_a_number_that_is_none_is_wrapped_all_the_same),
    cmocka_unit_test(test_an_element_that_cannot_be_named_so_is_left_out),
    cmocka_unit_test(test_elements_without_end_downwards_are_cut_off),
    cmocka_unit_test(test_types_and_names_of_users_are_wrapped_too),
    cmocka_unit_test(test_raw_xml_goes_out_as_it_is_but_for_what_xml_forbids),
    cmocka_unit_test(test_a_message_takes_one_article_and_an_event_eight),
    cmocka_unit_test(test_articles_beyond_the_limit_are_dropped_and_counted),
    cmocka_unit_test(test_news_within_the_limit_stay_as_they_are),
    cmocka_unit_test(test_each_kind_is_described_in_a_line),
    cmocka_unit_test(test_news_are_described_by_their_titles),
    cmocka_unit_test(test_nothing_is_described_as_no_reply),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
