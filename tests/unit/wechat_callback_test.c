// What the platform's side posts is what the bot's side opens, and what it opens is what the platform would
// take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/url.h"
#include "wechat/callback.h"
#include "wechat/signature.h"

#define DOCUMENT                                                                                   \
  "<xml><ToUserName>gh_1</ToUserName><MsgType>text</MsgType><Content>hi</Content></xml>"
#define REPLY "<xml><MsgType>text</MsgType><Content>yes</Content></xml>"

static Account account;
static Callback callback;
static Buf sealed, body, url, plain, reply;
static NodeTree tree;
static Err err;

static void use(const char *mode) {
  AccountSettings settings = { .token = STR("token"),
                               .appid = STR("wx1"),
                               .encrypt_mode = str_of(mode) };
  if (strcmp(mode, "normal") != 0)
    settings.encoding_aes_key = STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG");
  if (!account_init(&account, &settings, &err)) fail_msg("%s", err.text);
  buf_reset(&sealed);
  buf_reset(&body);
  buf_reset(&url);
  buf_reset(&plain);
  buf_reset(&reply);
}

static int set_up(void **state) {
  callback = (Callback){
    .account = &account, .aes = aes_new(), .digest = digest_new(), .parser = xml_parser_new()
  };
  nodes_init(&tree);
  return callback.aes && callback.digest && callback.parser ? 0 : -1;
}

static int tear_down(void **state) {
  aes_free(callback.aes);
  digest_free(callback.digest);
  xml_parser_free(callback.parser);
  nodes_clear(&tree);
  Buf *all[] = { &sealed, &body, &url, &plain, &reply };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) buf_clear(all[i]);
  return 0;
}

static void wrap(const char *mode, const char *document) {
  use(mode);
  assert_true(callback_seal(&callback, str_of(document), STR("gh_default"), &sealed, &body, &err));
}

static bool has(const Buf *buf, const char *text) {
  return str_find(buf_str(buf), str_of(text)) >= 0;
}

static void test_in_normal_mode_the_document_is_posted_as_it_is(void **state) {
  wrap("normal", DOCUMENT);
  assert_true(str_eq(buf_str(&body), STR(DOCUMENT)));
  assert_int_equal(sealed.len, 0);
}

static void test_in_safe_mode_it_opens_with_the_accounts_key_and_names_its_addressee(void **state) {
  wrap("safe", DOCUMENT);
  assert_false(has(&body, ">hi<"));  // two letters alone stand in many a sealed text
  assert_false(has(&body, "Content"));
  assert_true(has(&body, "gh_1"));
  const Credential *credential = &account.credentials[0];
  assert_true(
      envelope_open(callback.aes, credential->key, STR("wx1"), buf_str(&sealed), &plain, &err));
  assert_true(str_eq(buf_str(&plain), STR(DOCUMENT)));
}

static void test_a_broken_document_goes_to_the_addressee_that_is_given(void **state) {
  wrap("safe", "<xml><Msg");
  assert_true(has(&body, "gh_default"));
}

static void test_in_compatible_mode_both_are_there(void **state) {
  wrap("compatible", DOCUMENT);
  assert_true(has(&body, "<Content>hi</Content>"));
  assert_true(has(&body, "<Encrypt>"));
}

static void test_the_query_is_signed_over_what_was_sealed(void **state) {
  wrap("safe", DOCUMENT);
  buf_add(&url, STR("http://h/p?own=1"));
  assert_true(
      callback_sign(&callback, buf_str(&sealed), STR("o1"), STR("17"), STR("99"), &url, &err));
  char hex[SHA1_HEX_LEN + 1];
  Str text = buf_str(&sealed);
  assert_true(has(&url, "http://h/p?own=1&signature="));
  assert_true(has(&url, "&timestamp=17&nonce=99&openid=o1&encrypt_type=aes&msg_signature="));
  assert_true(signature_make(callback.digest, STR("token"), STR("17"), STR("99"), &text, hex));
  assert_true(has(&url, hex));
  assert_true(signature_make(callback.digest, STR("token"), STR("17"), STR("99"), NULL, hex));
  assert_true(has(&url, hex));
}

static void test_an_open_query_says_nothing_of_sealing(void **state) {
  use("normal");
  assert_true(callback_sign(&callback, STR(""), STR("o1"), STR("17"), STR("99"), &url, &err));
  assert_false(has(&url, "encrypt_type"));
  assert_false(has(&url, "msg_signature"));
}

// ---- what comes back ----

static bool opens(Str text) {
  buf_reset(&plain);
  err = (Err){ 0 };
  return callback_open_reply(&callback, text, &tree, &plain, &err);
}

static void assert_refused(Str text, const char *words) {
  assert_false(opens(text));
  assert_int_equal(err.code, ERR_FAILED);
  if (!strstr(err.text, words)) fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void seal_text(const Credential *credential, Str text) {
  buf_reset(&reply);
  assert_true(envelope_seal_reply(callback.aes, callback.digest, credential, STR("wx1"), text, 17,
                                  STR("5"), &reply, &err));
}

static void seal_reply(const Credential *credential) { seal_text(credential, STR(REPLY)); }

static void assert_opened(void) {
  Str content = STR("");
  assert_true(node_child_text(&tree, 0, STR("Content"), &content));
  assert_true(str_eq(content, STR("yes")));
}

static void test_success_and_nothing_are_no_reply(void **state) {
  assert_true(callback_reply_is_empty(STR("")));
  assert_true(callback_reply_is_empty(STR("success")));
  assert_false(callback_reply_is_empty(STR("success\n")));
}

static void test_an_open_reply_is_read_where_it_may_be_open(void **state) {
  use("normal");
  assert_true(opens(STR(REPLY)));
  assert_opened();
  assert_int_equal(plain.len, 0);
  use("compatible");
  assert_true(opens(STR(REPLY)));
  use("safe");
  assert_refused(STR(REPLY), "not encrypted");
}

static void test_a_sealed_reply_is_verified_and_opened(void **state) {
  use("safe");
  seal_reply(&account.credentials[0]);
  assert_true(opens(buf_str(&reply)));
  assert_opened();
  assert_true(str_eq(buf_str(&plain), STR(REPLY)));
}

static void test_a_sealed_nothing_is_no_reply(void **state) {
  use("safe");
  seal_text(&account.credentials[0], STR(""));
  assert_true(opens(buf_str(&reply)));
  assert_int_equal(tree.count, 0);
  seal_text(&account.credentials[0], STR("success"));
  assert_true(opens(buf_str(&reply)));
  assert_int_equal(tree.count, 0);
}

static void test_a_reply_of_another_token_or_key_is_refused(void **state) {
  use("safe");
  Credential other = account.credentials[0];
  other.token = STR("another");
  seal_reply(&other);
  assert_refused(buf_str(&reply), "MsgSignature is wrong");
  other = account.credentials[0];
  other.key[3] ^= 1;
  seal_reply(&other);
  assert_refused(buf_str(&reply), "cannot be opened");
}

static void test_what_is_no_document_is_refused(void **state) {
  use("normal");
  assert_refused(STR("{\"a\":1}"), "not a reply that the platform would accept");
  assert_refused(STR("<xml><a></xml>"), "not a reply that the platform would accept");
  assert_refused(STR("<xml><Encrypt>x</Encrypt></xml>"), "is encrypted");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_in_normal_mode_the_document_is_posted_as_it_is),
    cmocka_unit_test(test_in_safe_mode_it_opens_with_the_accounts_key_and_names_its_addressee),
    cmocka_unit_test(test_a_broken_document_goes_to_the_addressee_that_is_given),
    cmocka_unit_test(test_in_compatible_mode_both_are_there),
    cmocka_unit_test(test_the_query_is_signed_over_what_was_sealed),
    cmocka_unit_test(test_an_open_query_says_nothing_of_sealing),
    cmocka_unit_test(test_success_and_nothing_are_no_reply),
    cmocka_unit_test(test_an_open_reply_is_read_where_it_may_be_open),
    cmocka_unit_test(test_a_sealed_reply_is_verified_and_opened),
    cmocka_unit_test(test_a_sealed_nothing_is_no_reply),
    cmocka_unit_test(test_a_reply_of_another_token_or_key_is_refused),
    cmocka_unit_test(test_what_is_no_document_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
