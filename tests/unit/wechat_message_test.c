// Both push formats become one tree and one head; each message has a key of its own; what is rendered reads
// back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "wechat/message.h"

static XmlParser *parser;
static NodeTree tree;
static MessageHead head;
static Err err;

static int set_up(void **state) {
  parser = xml_parser_new();
  nodes_init(&tree);
  return parser ? 0 : -1;
}

static int tear_down(void **state) {
  xml_parser_free(parser);
  nodes_clear(&tree);
  return 0;
}

static bool parses(Str document) {
  err = (Err){ 0 };
  return message_parse(parser, document, &tree, &head, &err);
}

static void given(const char *document) {
  if (!parses(str_of(document))) fail_msg("%s", err.text);
}

static void assert_refused(const char *document, const char *words) {
  assert_false(parses(str_of(document)));
  assert_int_equal(err.code, ERR_INVALID);
  if (!strstr(err.text, words)) fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void assert_str(Str s, const char *expected) {
  if (!str_eq(s, str_of(expected))) fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(s), expected);
}

// The text at a path of element names: "SendPicsInfo/Count".
static Str text_at(const char *path) {
  uint32_t at = 0;
  Str rest = str_of(path), name, text = STR("(nothing)");
  while (str_cut(rest, '/', &name, &rest) && at != NODE_NONE) at = node_child(&tree, at, name);
  if (at != NODE_NONE) node_child_text(&tree, at, name, &text);
  return text;
}

#define FROM                                                                                       \
  "<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser]]></"                     \
  "FromUserName><CreateTime>1700000000</CreateTime>"
#define MESSAGE(type, rest) "<xml>" FROM "<MsgType><![CDATA[" type "]]></MsgType>" rest "</xml>"
#define EVENT(name, rest) MESSAGE("event", "<Event><![CDATA[" name "]]></Event>" rest)

static void test_a_message_has_a_head(void **state) {
  given(MESSAGE("text", "<Content><![CDATA[hi]]></Content><MsgId>24000000000000001</MsgId>"));
  assert_str(head.to_user, "gh_1");
  assert_str(head.from_user, "oUser");
  assert_str(head.create_time, "1700000000");
  assert_str(head.msg_type, "text");
  assert_str(head.msg_id, "24000000000000001");
  assert_false(head.is_event);
  assert_str(text_at("Content"), "hi");
}

static void test_an_event_has_a_name_and_a_key_and_no_id(void **state) {
  given(EVENT("CLICK", "<EventKey><![CDATA[MENU]]></EventKey><MsgId>1</MsgId>"));
  assert_true(head.is_event);
  assert_str(head.event, "CLICK");
  assert_str(head.event_key, "MENU");
  assert_str(head.msg_id, "");
}

static void test_a_device_event_is_no_event(void **state) {
  given(MESSAGE("device_event", "<Event>bind</Event>"));
  assert_false(head.is_event);
  assert_str(head.event, "bind");
}

static void test_elements_may_stand_in_any_order(void **state) {
  given("<xml><MsgId>7</MsgId><Content>c</Content><MsgType>text</MsgType><FromUserName>o</"
        "FromUserName></xml>");
  assert_str(head.msg_id, "7");
  assert_str(head.from_user, "o");
  assert_str(head.to_user, "");
}

static void test_of_an_element_that_stands_twice_the_first_counts(void **state) {
  given(MESSAGE("text", "<FromUserName>other</FromUserName><MsgType>image</MsgType>"));
  assert_str(head.from_user, "oUser");
  assert_str(head.msg_type, "text");
}

static void test_an_element_deeper_down_is_no_part_of_the_head(void **state) {
  assert_refused("<xml><A><MsgType>text</MsgType></A></xml>", "no MsgType");
}

static void test_what_is_no_message_is_refused(void **state) {
  assert_refused("", "empty");
  assert_refused(" \n", "empty");
  assert_refused("<xml></xml>", "no MsgType");
  assert_refused("<xml><MsgType></MsgType></xml>", "no MsgType");
  assert_refused("<xml><MsgType>text</xml>", "line 1");
  assert_refused("hello", "line 1");
  assert_refused("<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>", "DOCTYPE");
}

static void test_an_event_without_its_name_is_refused(void **state) {
  assert_refused(MESSAGE("event", ""), "without Event");
  assert_refused(EVENT("", ""), "without Event");
}

static void test_a_sealed_document_can_be_read_without_being_a_message(void **state) {
  assert_true(message_read(
      parser, STR("<xml><ToUserName>gh_1</ToUserName><Encrypt>U0VB</Encrypt></xml>"), &tree, &err));
  assert_str(text_at("Encrypt"), "U0VB");
  assert_true(
      message_read(parser, STR("{\"ToUserName\":\"gh_1\",\"Encrypt\":\"U0VB\"}"), &tree, &err));
  assert_str(text_at("Encrypt"), "U0VB");
}

// ---- JSON ----

static void test_a_json_push_becomes_the_same_message(void **state) {
  given("{\"ToUserName\":\"gh_1\",\"FromUserName\":\"oUser\",\"CreateTime\":1700000000,\"MsgType\":"
        "\"text\","
        "\"Content\":\"\\u4f60\",\"MsgId\":24000000000000001}");
  assert_str(node_name(&tree, 0), "xml");
  assert_str(head.create_time, "1700000000");
  assert_str(head.msg_id, "24000000000000001");
  assert_str(text_at("Content"), "你");
}

static void test_json_may_stand_behind_white_space_and_a_byte_order_mark(void **state) {
  given("\xEF\xBB\xBF \r\n{\"MsgType\":\"text\"}\n");
  given(" \n<xml><MsgType>text</MsgType></xml>\n");
}

static void test_who_and_what_of_a_laid_out_message_have_no_white_space(void **state) {
  given("<xml>\n <ToUserName>\n  gh_1\n </ToUserName>\n <FromUserName>\r\n\to1 </FromUserName>\n"
        " <CreateTime> 17 </CreateTime>\n <MsgType>\n  event\n </MsgType>\n <Event> CLICK\n "
        "</Event>\n"
        " <EventKey> k </EventKey>\n</xml>\n");
  assert_str(head.to_user, "gh_1");
  assert_str(head.from_user, "o1");
  assert_str(head.create_time, "17");
  assert_str(head.msg_type, "event");
  assert_str(head.event, "CLICK");
  assert_true(head.is_event);
  assert_str(text_at("FromUserName"), "o1");
  assert_str(head.event_key, " k ");
  given("<xml><MsgType> text </MsgType><MsgId> 9 </MsgId><Content> hi\n</Content></xml>");
  assert_str(head.msg_id, "9");
  assert_str(text_at("Content"), " hi\n");
}

static void test_json_numbers_keep_the_digits_that_were_sent(void **state) {
  given("{\"MsgType\":\"t\",\"MsgId\":18446744073709551615,\"Max\":9223372036854775807,\"Min\":-"
        "9223372036854775808,"
        "\"Precision\":119.385040,\"Exp\":1E5,\"Zero\":-0}");
  assert_str(head.msg_id, "18446744073709551615");
  assert_str(text_at("Max"), "9223372036854775807");
  assert_str(text_at("Min"), "-9223372036854775808");
  assert_str(text_at("Precision"), "119.385040");
  assert_str(text_at("Exp"), "1E5");
  assert_str(text_at("Zero"), "-0");
}

static void test_json_words_become_texts(void **state) {
  given("{\"MsgType\":\"t\",\"Yes\":true,\"No\":false}");
  assert_str(text_at("Yes"), "true");
  assert_str(text_at("No"), "false");
}

static void test_json_null_is_as_good_as_a_missing_member(void **state) {
  given("{\"MsgType\":\"t\",\"Null\":null,\"Deep\":{\"Null\":null,\"A\":1},\"List\":[null,2]}");
  assert_int_equal(node_child(&tree, 0, STR("Null")), NODE_NONE);
  uint32_t deep = node_child(&tree, 0, STR("Deep")), list = node_child(&tree, 0, STR("List"));
  assert_int_equal(tree.nodes[deep].child_count, 1);
  assert_int_equal(tree.nodes[list].child_count, 1);
  assert_refused("{\"MsgType\":null}", "no MsgType");
}

static void test_json_objects_nest_and_arrays_stay_lists(void **state) {
  given("{\"MsgType\":\"event\",\"Event\":\"e\",\"Info\":{\"Count\":2,\"List\":[{\"Id\":\"a\"},{"
        "\"Id\":\"b\"}"
        "]},\"None\":[],\"Deep\":[[1],[2,3]]}");
  assert_str(text_at("Info/Count"), "2");
  uint32_t info = node_child(&tree, 0, STR("Info")), list = node_child(&tree, info, STR("List"));
  assert_int_equal(tree.nodes[info].child_count, 2);
  assert_true(tree.nodes[list].is_list);
  assert_int_equal(tree.nodes[list].child_count, 2);
  uint32_t first = tree.nodes[list].first_child;
  assert_str(node_name(&tree, first), "");
  assert_str(node_text(&tree, tree.nodes[first].first_child), "a");
  uint32_t none = node_child(&tree, 0, STR("None"));
  assert_true(tree.nodes[none].is_list);
  assert_int_equal(tree.nodes[none].child_count, 0);
  uint32_t deep = node_child(&tree, 0, STR("Deep"));
  assert_int_equal(tree.nodes[deep].child_count, 2);
  assert_true(tree.nodes[tree.nodes[deep].first_child].is_list);
}

static void test_lists_of_json_are_known_and_rendered_as_repeated_elements(void **state) {
  char *keys[2];
  static const char *const documents[] = { "{\"MsgType\":\"t\",\"FromUserName\":\"o\","
                                           "\"CreateTime\":1,\"A\":[1,[2]],\"B\":[{\"C\":\"d\"}]}",
                                           "<xml><MsgType>t</MsgType><FromUserName>o</"
                                           "FromUserName><CreateTime>1</CreateTime><A>1</A><A>2</A>"
                                           "<B><C>d</C></B></xml>" };
  for (int i = 0; i < 2; i++) {
    Buf key;
    buf_init(&key);
    given(documents[i]);
    message_identity(&head, &tree, &key);
    keys[i] = key.ptr;
    if (i > 0) continue;
    Buf out;
    buf_init(&out);
    message_render(&tree, &out);
    assert_non_null(
        strstr(out.ptr, "<A><![CDATA[1]]></A><A><![CDATA[2]]></A><B><C><![CDATA[d]]></C></B>"));
    buf_clear(&out);
  }
  assert_string_equal(keys[0], keys[1]);
  free(keys[0]), free(keys[1]);
}

static void test_a_subscribe_message_event_of_json_has_its_container(void **state) {
  static const char *const containers[][2] = {
    { "subscribe_msg_popup_event", "SubscribeMsgPopupEvent" },
    { "subscribe_msg_change_event", "SubscribeMsgChangeEvent" },
    { "subscribe_msg_sent_event", "SubscribeMsgSentEvent" },
  };
  for (size_t i = 0; i < 3; i++) {
    char document[300], path[64];
    for (int array = 0; array < 2; array++) {
      snprintf(
          document, sizeof document,
          "{\"MsgType\":\"event\",\"Event\":\"%s\",\"List\":%s{\"TemplateId\":\"T\"}%s,\"Z\":1}",
          containers[i][0], array ? "[" : "", array ? "]" : "");
      given(document);
      snprintf(path, sizeof path, array ? "%s/List//TemplateId" : "%s/List/TemplateId",
               containers[i][1]);
      assert_str(text_at(path), "T");
      assert_str(text_at(array ? "List//TemplateId" : "List/TemplateId"), "T");
    }
  }
  given("{\"MsgType\":\"event\",\"Event\":\"other\",\"List\":{\"TemplateId\":\"T\"}}");
  assert_int_equal(tree.nodes[0].child_count, 3);
}

static void test_json_members_that_cannot_be_elements_are_left_out(void **state) {
  given("{\"MsgType\":\"t\",\"a b\":1,\"\":2,\"<x>\":{\"Content\":3},\"9\":4,\"Ok\":5}");
  assert_int_equal(tree.nodes[0].child_count, 2);
  assert_str(text_at("Ok"), "5");
}

static void test_json_text_is_cleaned_as_xml_text_is(void **state) {
  given("{\"MsgType\":\"t\",\"A\":\"a\\u0000b\\u0008c\\uFFFEd\",\"B\":\"\\u0000\",\"C\":"
        "\"tab\\there\"}");
  assert_str(text_at("A"), "abc\xEF\xBF\xBD"
                           "d");
  assert_str(text_at("B"), "");
  assert_str(text_at("C"), "tab\there");
}

static void test_json_that_is_no_object_is_refused(void **state) {
  assert_refused("[{\"MsgType\":\"text\"}]", "not an object");
  assert_refused("{\"MsgType\":\"text\"} x", "JSON");
  assert_refused("{\"MsgType\":\"text\"", "JSON");
  assert_refused("{}", "no MsgType");
}

static void nested(Buf *out, int depth, const char *open, const char *close) {
  buf_reset(out);
  buf_add(out, STR("{\"MsgType\":\"t\",\"A\":"));
  for (int i = 0; i < depth; i++) buf_add(out, str_of(open));
  buf_addc(out, '1');
  for (int i = 0; i < depth; i++) buf_add(out, str_of(close));
  buf_addc(out, '}');
}

static void test_json_nested_too_deep_is_refused(void **state) {
  Buf out;
  buf_init(&out);
  nested(&out, XML_DEPTH_MAX - 3, "{\"A\":", "}");
  assert_true(parses(buf_str(&out)));
  nested(&out, XML_DEPTH_MAX, "{\"A\":", "}");
  assert_refused(out.ptr, "deeper");
  nested(&out, XML_DEPTH_MAX, "[", "]");
  assert_refused(out.ptr, "deeper");
  nested(&out, 10000, "[", "]");
  assert_refused(out.ptr, "deep");
  buf_clear(&out);
}

// ---- lists ----

static void test_documented_lists_are_lists(void **state) {
  assert_true(message_is_list(STR("item")) && message_is_list(STR("List")) &&
              message_is_list(STR("fail_idx")));
  assert_true(message_is_list(STR("AroundBeacon")));
  assert_false(message_is_list(STR("PicList")) || message_is_list(STR("Item")) ||
               message_is_list(STR("")));
}

// ---- identity ----

static char *identity_of(const char *document) {
  Buf out;
  buf_init(&out);
  given(document);
  message_identity(&head, &tree, &out);
  assert_false(out.failed);
  return out.ptr;
}

static void assert_same(const char *a, const char *b, bool same) {
  char *first = identity_of(a), *second = identity_of(b);
  if ((strcmp(first, second) == 0) != same) fail_msg("%s and %s", first, second);
  free(first);
  free(second);
}

static void test_a_message_is_known_by_sender_and_id(void **state) {
  assert_same(MESSAGE("text", "<Content>a</Content><MsgId>1</MsgId>"),
              MESSAGE("text", "<Content>b</Content><MsgId>1</MsgId>"), true);
  assert_same(MESSAGE("text", "<MsgId>1</MsgId>"), MESSAGE("text", "<MsgId>2</MsgId>"), false);
  assert_same("<xml><MsgType>t</MsgType><MsgId>1</MsgId><FromUserName>a</FromUserName></xml>",
              "<xml><MsgType>t</MsgType><MsgId>1</MsgId><FromUserName>b</FromUserName></xml>",
              false);
}

static void test_an_event_is_known_by_sender_time_name_and_key(void **state) {
  const char *click = EVENT("CLICK", "<EventKey>a</EventKey>");
  assert_same(click, EVENT("CLICK", "<EventKey>a</EventKey><Ticket>t</Ticket>"), true);
  assert_same(click, EVENT("CLICK", "<EventKey>b</EventKey>"), false);
  assert_same(click, EVENT("VIEW", "<EventKey>a</EventKey>"), false);
  assert_same("<xml><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>e</Event><EventKey>k</"
              "EventKey></xml>",
              "<xml><CreateTime>2</CreateTime><MsgType>event</MsgType><Event>e</Event><EventKey>k</"
              "EventKey></xml>",
              false);
}

static void test_keys_that_differ_only_in_where_they_are_cut_differ(void **state) {
  assert_same("<xml><FromUserName>ab</FromUserName><MsgType>t</MsgType><MsgId>c</MsgId></xml>",
              "<xml><FromUserName>a</FromUserName><MsgType>t</MsgType><MsgId>bc</MsgId></xml>",
              false);
  assert_same(
      "<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>b1:c</Event><EventKey>d</"
      "EventKey></xml>",
      "<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>b</Event><EventKey>c1:d</"
      "EventKey></xml>",
      false);
}

static void test_two_places_in_one_second_are_two_events(void **state) {
  const char *here = EVENT("LOCATION", "<Latitude>1</Latitude><Longitude>2</Longitude>");
  assert_same(here, here, true);
  assert_same(here, EVENT("LOCATION", "<Latitude>1</Latitude><Longitude>3</Longitude>"), false);
  assert_same(EVENT("LOCATION", "<EventKey>k</EventKey><Latitude>1</Latitude>"),
              EVENT("LOCATION", "<EventKey>k</EventKey><Latitude>2</Latitude>"), false);
}

static void test_job_results_are_told_apart_by_their_id(void **state) {
  assert_same(EVENT("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"),
              EVENT("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"), true);
  assert_same(EVENT("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"),
              EVENT("TEMPLATESENDJOBFINISH", "<MsgID>2</MsgID>"), false);
  assert_same(EVENT("subscribe_msg_sent_event", "<A><List><MsgID>1</MsgID></List></A>"),
              EVENT("subscribe_msg_sent_event", "<A><List><MsgID>2</MsgID></List></A>"), false);
}

static void test_without_a_key_all_elements_tell_events_apart(void **state) {
  assert_same(EVENT("user_get_card", "<EventKey></EventKey><UserCardCode>1</UserCardCode>"),
              EVENT("user_get_card", "<EventKey></EventKey><UserCardCode>2</UserCardCode>"), false);
  assert_same(EVENT("e", "<A><B>1</B></A><C/>"), EVENT("e", "<A><B>1</B><C/></A>"), false);
  assert_same(EVENT("e", "<A>1</A><B>2</B>"), EVENT("e", "<A>12</A><B></B>"), false);
}

static void test_the_sealed_copy_of_compatible_mode_tells_nothing_apart(void **state) {
  assert_same(EVENT("subscribe", "<Encrypt>one</Encrypt>"),
              EVENT("subscribe", "<Encrypt>two</Encrypt>"), true);
}

static void test_a_type_without_an_id_is_known_by_its_elements(void **state) {
  assert_same(MESSAGE("device_event", "<DeviceID>1</DeviceID>"),
              MESSAGE("device_event", "<DeviceID>2</DeviceID>"), false);
  assert_same(MESSAGE("device_event", "<DeviceID>1</DeviceID>"),
              MESSAGE("device_event", "<DeviceID>1</DeviceID>"), true);
}

// ---- rendering ----

static void assert_rendered(const char *document, const char *expected) {
  Buf out;
  buf_init(&out);
  given(document);
  message_render(&tree, &out);
  assert_string_equal(out.ptr, expected);
  buf_clear(&out);
}

static void test_elements_that_are_numbers_are_rendered_bare_and_all_others_in_cdata(void **state) {
#define HEAD "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[e]]></Event>"
  assert_rendered(
      "<xml>" HEAD "<TotalCount>12</TotalCount><Latitude>-23.137466</Latitude><N>12</N></xml>",
      "<xml>" HEAD
      "<TotalCount>12</TotalCount><Latitude>-23.137466</Latitude><N><![CDATA[12]]></N></xml>");
  assert_rendered("<xml>" HEAD "<Scale>1.</Scale><Fee>-</Fee><Sex>1 </Sex><Scene/></xml>",
                  "<xml>" HEAD
                  "<Scale><![CDATA[1.]]></Scale><Fee><![CDATA[-]]></Fee><Sex><![CDATA[1 ]]></Sex>"
                  "<Scene><![CDATA[]]></Scene></xml>");
  assert_rendered(
      "<xml>" HEAD
      "<SendLocationInfo><Location_X>23</Location_X><Scale>15</Scale></SendLocationInfo></xml>",
      "<xml>" HEAD
      "<SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Scale><![CDATA[15]]></Scale>"
      "</SendLocationInfo></xml>");
  assert_rendered(
      "<xml>" HEAD "<A><item>x]]&gt;y</item><item>2</item></A></xml>",
      "<xml>" HEAD
      "<A><item><![CDATA[x]]]]><![CDATA[>y]]></item><item><![CDATA[2]]></item></A></xml>");
#undef HEAD
}

static void test_what_cannot_be_an_elements_name_is_not_rendered(void **state) {
  Buf out;
  uint32_t last = NODE_NONE, root;
  buf_init(&out);
  nodes_reset(&tree);
  root = nodes_add(&tree, NODE_NONE, &last, STR("xml"));
  last = NODE_NONE;
  nodes_add(&tree, root, &last, STR("A><B"));
  nodes_add(&tree, root, &last, STR("Ok"));
  message_render(&tree, &out);
  assert_string_equal(out.ptr, "<xml><Ok><![CDATA[]]></Ok></xml>");
  buf_clear(&out);
}

// ---- memory ----

static void test_once_warm_a_message_costs_no_growth(void **state) {
  Str document =
      STR(MESSAGE("text", "<Content><![CDATA[hi]]></Content><MsgId>24000000000000001</MsgId>"));
  assert_true(parses(document));
  Node *nodes = tree.nodes;
  const char *text = tree.text.ptr;
  for (int i = 0; i < 1000; i++) assert_true(parses(document));
  assert_ptr_equal(nodes, tree.nodes);
  assert_ptr_equal(text, tree.text.ptr);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_message_has_a_head),
    cmocka_unit_test(test_an_event_has_a_name_and_a_key_and_no_id),
    cmocka_unit_test(test_a_device_event_is_no_event),
    cmocka_unit_test(test_elements_may_stand_in_any_order),
    cmocka_unit_test(test_of_an_element_that_stands_twice_the_first_counts),
    cmocka_unit_test(test_an_element_deeper_down_is_no_part_of_the_head),
    cmocka_unit_test(test_what_is_no_message_is_refused),
    cmocka_unit_test(test_an_event_without_its_name_is_refused),
    cmocka_unit_test(test_a_sealed_document_can_be_read_without_being_a_message),
    cmocka_unit_test(test_a_json_push_becomes_the_same_message),
    cmocka_unit_test(test_json_may_stand_behind_white_space_and_a_byte_order_mark),
    cmocka_unit_test(test_who_and_what_of_a_laid_out_message_have_no_white_space),
    cmocka_unit_test(test_json_numbers_keep_the_digits_that_were_sent),
    cmocka_unit_test(test_json_words_become_texts),
    cmocka_unit_test(test_json_null_is_as_good_as_a_missing_member),
    cmocka_unit_test(test_json_objects_nest_and_arrays_stay_lists),
    cmocka_unit_test(test_lists_of_json_are_known_and_rendered_as_repeated_elements),
    cmocka_unit_test(test_a_subscribe_message_event_of_json_has_its_container),
    cmocka_unit_test(test_json_members_that_cannot_be_elements_are_left_out),
    cmocka_unit_test(test_json_text_is_cleaned_as_xml_text_is),
    cmocka_unit_test(test_json_that_is_no_object_is_refused),
    cmocka_unit_test(test_json_nested_too_deep_is_refused),
    cmocka_unit_test(test_documented_lists_are_lists),
    cmocka_unit_test(test_a_message_is_known_by_sender_and_id),
    cmocka_unit_test(test_an_event_is_known_by_sender_time_name_and_key),
    cmocka_unit_test(test_keys_that_differ_only_in_where_they_are_cut_differ),
    cmocka_unit_test(test_two_places_in_one_second_are_two_events),
    cmocka_unit_test(test_job_results_are_told_apart_by_their_id),
    cmocka_unit_test(test_without_a_key_all_elements_tell_events_apart),
    cmocka_unit_test(test_the_sealed_copy_of_compatible_mode_tells_nothing_apart),
    cmocka_unit_test(test_a_type_without_an_id_is_known_by_its_elements),
    cmocka_unit_test(test_elements_that_are_numbers_are_rendered_bare_and_all_others_in_cdata),
    cmocka_unit_test(test_what_cannot_be_an_elements_name_is_not_rendered),
    cmocka_unit_test(test_once_warm_a_message_costs_no_growth),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
