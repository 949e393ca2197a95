// host.callback: callbacks in the platform's format.
#define HOST_IS_GLOBAL
#include "host_world.h"

#define DOCUMENT                                                                                   \
  "local document = '<xml><ToUserName>gh_1</ToUserName><FromUserName>openid-1</FromUserName>"      \
  "<CreateTime>1</CreateTime><MsgType>text</MsgType><Content>hi</Content></xml>' "

static int set_up(void **state) {
  world_open(state);
  world.account.appsecret = STR("secret");
  world.account.credentials[0].token = STR("token");
  return 0;
}

static void test_the_account_is_the_configured_one(void **state) {
  assert_holds("local a = host.callback.account() "
               "is(all(a.appid, a.appsecret, a.token, a.mode), "
               "'wx1234567890abcdef secret token normal')");
}

static void test_a_plain_document_is_posted_as_it_is_with_a_signed_query(void **state) {
  assert_holds(DOCUMENT
               "local url, body = host.callback.post(document, 'gh_1', 'openid-1', '1400000000', "
               "'n', 'http://bot/wx') "
               "is(body, document) "
               "local list = { 'token', '1400000000', 'n' } table.sort(list) "
               "local signature = host.codec.sha1(table.concat(list)) "
               "is(find(url, 'signature=' .. signature, 1, true) ~= nil, true) "
               "is(find(url, 'http://bot/wx?', 1, true), 1) "
               "is(find(url, 'openid=openid-1', 1, true) ~= nil, true)");
}

static void test_a_document_is_read_into_its_elements(void **state) {
  assert_holds("local bare = host.callback.is_bare is(bare('Scale', 'xml', '-1.5'), true) "
               "is(bare('Scale', 'xml', '1.'), false) is(bare('Scale', 'SendLocationInfo', '1'), "
               "false) is(bare('Content', 'xml', '1'), false)");
  assert_holds(DOCUMENT "local m = host.callback.read(document) is(m.Content, 'hi') "
                        "local none, why = host.callback.read('<xml><a>') is(none, nil) "
                        "is(type(why), 'string')");
}

static void test_a_document_is_the_message_that_a_script_gets_in_every_mode(void **state) {
  world.account.mode = MODE_SAFE;
  assert_holds(DOCUMENT "local m = host.callback.message(document) "
                        "is(all(m.content, m.source, m.Content), 'hi openid-1 hi') "
                        "is(select('#', host.callback.message('<xml><a>')), 0)");
  world.account.mode = MODE_NORMAL;
}

static void test_an_answer_is_opened_and_what_the_platform_refuses_is_told(void **state) {
  assert_holds(DOCUMENT "local m, text = host.callback.open(document) is(m.Content, 'hi') "
                        "is(text, document) "
                        "is(select('#', host.callback.open('success')), 0) "
                        "is(select('#', host.callback.open('')), 0) "
                        "local a, b, why = host.callback.open('<xml>') is(a, nil) is(b, nil) "
                        "is(type(why), 'string')");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_account_is_the_configured_one),
    TEST(test_a_plain_document_is_posted_as_it_is_with_a_signed_query),
    TEST(test_a_document_is_read_into_its_elements),
    TEST(test_a_document_is_the_message_that_a_script_gets_in_every_mode),
    TEST(test_an_answer_is_opened_and_what_the_platform_refuses_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
