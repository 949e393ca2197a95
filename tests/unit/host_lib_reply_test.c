// host.reply: replies as XML, and late replies.
#define HOST_IS_GLOBAL
#include "host_world.h"

static void test_a_reply_is_rendered_for_the_current_messages_sender(void **state) {
  assert_holds("local xml = host.reply.render('moon') "
               "for _, part in ipairs { '<ToUserName><![CDATA[openid-1]]>', "
               "'<FromUserName><![CDATA[gh_1]]>', '<Content><![CDATA[moon]]>' } do "
               "is(find(xml, part, 1, true) ~= nil, true) end");
}

static void test_no_reply_is_success(void **state) {
  assert_holds("is(host.reply.render(nil), 'success') is(host.reply.render(''), 'success')");
}

static void test_what_is_no_reply_is_named_by_its_type(void **state) {
  assert_holds("fails('a boolean is not a reply', host.reply.render, true)");
}

static void test_without_a_message_a_reply_has_no_address(void **state) {
  load("local ok, why = pcall(host.reply.render, 'x')\n"
       "function on_message() return why:match 'there is no message' end");
  assert_answer("x", TASK_RETURNED, "there is no message");
}

static void test_a_long_text_is_cut_and_its_whole_sentences_found(void **state) {
  assert_holds("is(#host.reply.cut(rep('a', 5000)), 2048) is(host.reply.cut('short'), 'short') "
               "is(host.reply.whole('One. Two and'), 'One.')");
}

static char lost[20];
static void note_lost(void *ctx, Str reason) {
  snprintf(lost, sizeof lost, "%.*s", STR_FMT(reason));
}

static void test_a_lost_reply_is_counted_by_its_reason(void **state) {
  world.shared.lost = note_lost;
  assert_holds("host.reply.lost('quota') fails('invalid option', host.reply.lost, 'whim')");
  assert_string_equal(lost, "quota");
}

static void test_an_account_without_customer_service_messages_is_noted(void **state) {
  assert_false(shared_sends_nothing(&world.shared));
  assert_holds("host.reply.allowed(false)");
  assert_true(shared_sends_nothing(&world.shared));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_reply_is_rendered_for_the_current_messages_sender),
    TEST(test_no_reply_is_success),
    TEST(test_what_is_no_reply_is_named_by_its_type),
    TEST(test_without_a_message_a_reply_has_no_address),
    TEST(test_a_long_text_is_cut_and_its_whole_sentences_found),
    TEST(test_a_lost_reply_is_counted_by_its_reason),
    TEST(test_an_account_without_customer_service_messages_is_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
