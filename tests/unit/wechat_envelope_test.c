// What is sealed opens again with the right key and appid, and nothing else opens.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/base64.h"
#include "codec/xml.h"
#include "wechat/envelope.h"
#include "wechat/signature.h"

static const uint8_t key[AES_KEY_LEN] = "0123456789abcdef0123456789abcde";
static const uint8_t other_key[AES_KEY_LEN] = "fedcba9876543210fedcba987654321";
#define APPID STR("wx0123456789abcdef")

static Aes *aes;
static Digest *digest;
static Buf sealed, opened;
static Err err;

static int set_up(void **state) {
  aes = aes_new();
  digest = digest_new();
  return aes && digest ? 0 : -1;
}

static int tear_down(void **state) {
  aes_free(aes);
  digest_free(digest);
  buf_clear(&sealed);
  buf_clear(&opened);
  return 0;
}

static void seal(Str xml) {
  buf_reset(&sealed);
  assert_true(envelope_seal(aes, key, APPID, xml, &sealed, &err));
}

static bool opens(const uint8_t with[AES_KEY_LEN], Str appid) {
  buf_reset(&opened);
  err = (Err){ 0 };
  return envelope_open(aes, with, appid, buf_str(&sealed), &opened, &err);
}

// Seals bytes laid out by hand; their number is a multiple of 16.
static void seal_bytes(const void *bytes, size_t len) {
  uint8_t encrypted[512];
  memcpy(encrypted, bytes, len);
  assert_true(aes_cbc_encrypt(aes, key, key, encrypted, len));
  buf_reset(&sealed);
  base64_encode(&sealed, str_make((const char *)encrypted, len));
}

static void assert_refused(const char *words) {
  assert_false(opens(key, APPID));
  assert_int_equal(err.code, ERR_INVALID);
  assert_int_equal(opened.len, 0);
  if (!strstr(err.text, words)) fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void test_what_is_sealed_opens_whatever_its_length(void **state) {
  char xml[300];
  memset(xml, 'x', sizeof xml);
  for (size_t len = 0; len <= sizeof xml; len++) {
    seal(str_make(xml, len));
    assert_true(opens(key, APPID));
    assert_true(str_eq(buf_str(&opened), str_make(xml, len)));
  }
}

static void test_the_sealed_bytes_fill_blocks_of_32(void **state) {
  for (size_t len = 0; len < 70; len++) {
    char xml[70] = { 0 };
    Buf bytes;
    buf_init(&bytes);
    seal(str_make(xml, len));
    assert_true(base64_decode(&bytes, buf_str(&sealed), false));
    assert_int_equal(bytes.len % 32, 0);
    assert_true(bytes.len > 20 + len + APPID.len);
    buf_clear(&bytes);
  }
}

static void test_no_two_envelopes_are_alike(void **state) {
  seal(STR("<xml/>"));
  Buf first = sealed;
  sealed = (Buf){ 0 };
  seal(STR("<xml/>"));
  assert_false(str_eq(buf_str(&first), buf_str(&sealed)));
  buf_clear(&first);
}

static void test_opening_appends(void **state) {
  seal(STR("<xml/>"));
  buf_reset(&opened);
  buf_add(&opened, STR("before"));
  assert_true(envelope_open(aes, key, APPID, buf_str(&sealed), &opened, &err));
  assert_string_equal(opened.ptr, "before<xml/>");
  sealed.ptr[0] = sealed.ptr[0] == 'A' ? 'B' : 'A';
  sealed.ptr[sealed.len - 1] = '!';
  assert_false(envelope_open(aes, key, APPID, buf_str(&sealed), &opened, &err));
  assert_string_equal(opened.ptr, "before<xml/>");
}

static void test_another_key_opens_nothing(void **state) {
  seal(STR("<xml/>"));
  assert_false(opens(other_key, APPID));
  assert_int_equal(err.code, ERR_INVALID);
}

static void test_another_appid_is_refused_be_it_one_letter_off(void **state) {
  seal(STR("<xml/>"));
  assert_false(opens(key, STR("wx0123456789abcdeF")));
  assert_non_null(strstr(err.text, "another appid"));
  assert_false(opens(key, STR("wx0123456789abcde")));
  assert_false(opens(key, STR("wx0123456789abcdef0")));
  assert_false(opens(key, STR("")));
}

static void test_what_is_no_base64_is_refused(void **state) {
  const char *texts[] = { "a", "ab", "abc", "====", "YWJj!!!!", "YWJj\nYWJ", "YW=j" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    buf_reset(&sealed);
    buf_add(&sealed, str_of(texts[i]));
    assert_refused("not base64");
  }
}

static void test_text_in_lines_is_opened(void **state) {
  seal(STR("<xml>in lines</xml>"));
  Buf lines;
  buf_init(&lines);
  for (size_t at = 0; at < sealed.len; at += 20) {
    buf_add(&lines, str_sub(buf_str(&sealed), at, 20));
    buf_add(&lines, STR("\r\n"));
  }
  buf_reset(&opened);
  if (!envelope_open(aes, key, STR("wx0123456789abcdef"), buf_str(&lines), &opened, &err))
    fail_msg("%s", err.text);
  assert_true(str_eq(buf_str(&opened), STR("<xml>in lines</xml>")));
  buf_clear(&lines);
}

static void test_a_length_that_no_cipher_makes_is_refused(void **state) {
  buf_reset(&sealed);
  assert_refused("0 bytes");
  buf_add(&sealed, STR("YWJj"));
  assert_refused("3 bytes");
}

static void test_padding_beyond_32_or_none_is_refused(void **state) {
  uint8_t bytes[64] = { 0 };
  seal_bytes(bytes, sizeof bytes);
  assert_refused("bad padding");
  memset(bytes, 33, sizeof bytes);
  seal_bytes(bytes, sizeof bytes);
  assert_refused("bad padding");
  memset(bytes, 17, 16);
  seal_bytes(bytes, 16);
  assert_refused("bad padding");
}

static void test_padding_that_contradicts_itself_is_refused(void **state) {
  uint8_t bytes[64] = { 0 };
  memcpy(bytes + 20, APPID.ptr, APPID.len);
  memset(bytes + 38, 26, 26);
  seal_bytes(bytes, sizeof bytes);
  assert_true(opens(key, APPID));
  bytes[40] = 25;
  seal_bytes(bytes, sizeof bytes);
  assert_refused("bad padding");
}

static void test_padding_to_16_as_other_programs_do_is_taken(void **state) {
  uint8_t bytes[48] = { 0 };
  memcpy(bytes + 20, APPID.ptr, APPID.len);
  memset(bytes + 38, 10, 10);
  seal_bytes(bytes, sizeof bytes);
  assert_true(opens(key, APPID));
  assert_int_equal(opened.len, 0);
}

static void test_a_length_field_that_lies_is_refused(void **state) {
  static const uint8_t lies[][4] = {
    { 0, 0, 0, 200 }, { 0xFF, 0xFF, 0xFF, 0xFF }, { 0x7F, 0xFF, 0xFF, 0xFF }, { 0, 0, 0, 45 }
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    uint8_t bytes[96];
    memset(bytes, 32, sizeof bytes);
    memcpy(bytes + 16, lies[i], 4);
    seal_bytes(bytes, sizeof bytes);
    assert_refused("only 44 are left");
  }
}

static void test_a_length_field_that_cuts_the_message_makes_another_appid(void **state) {
  uint8_t bytes[64] = { 0 };
  memcpy(bytes + 20, "<xml/>", 6);
  memcpy(bytes + 26, APPID.ptr, APPID.len);
  memset(bytes + 44, 20, 20);
  bytes[19] = 5;
  seal_bytes(bytes, sizeof bytes);
  assert_refused("another appid");
}

static void test_less_than_a_head_is_refused(void **state) {
  uint8_t bytes[32];
  memset(bytes, 13, sizeof bytes);
  seal_bytes(bytes, sizeof bytes);
  assert_refused("cut off: 19 bytes");
}

static void test_a_sealed_reply_is_signed_and_opens(void **state) {
  Credential credential = { .token = STR("token"), .has_key = true };
  memcpy(credential.key, key, AES_KEY_LEN);
  Buf reply;
  buf_init(&reply);
  assert_true(envelope_seal_reply(aes, digest, &credential, APPID, STR("<xml>reply</xml>"),
                                  1700000001, STR("42"), &reply, &err));
  XmlParser *parser = xml_parser_new();
  NodeTree tree;
  nodes_init(&tree);
  assert_true(xml_parse(parser, buf_str(&reply), &tree, &err));
  Str text, signature, time, nonce;
  assert_true(node_child_text(&tree, 0, STR("Encrypt"), &text) &&
              node_child_text(&tree, 0, STR("MsgSignature"), &signature));
  assert_true(node_child_text(&tree, 0, STR("TimeStamp"), &time) &&
              node_child_text(&tree, 0, STR("Nonce"), &nonce));
  assert_true(str_eq(time, STR("1700000001")) && str_eq(nonce, STR("42")));
  assert_true(signature_check(digest, signature, STR("token"), time, nonce, &text));
  buf_reset(&opened);
  assert_true(envelope_open(aes, key, APPID, text, &opened, &err));
  assert_string_equal(opened.ptr, "<xml>reply</xml>");
  nodes_clear(&tree);
  xml_parser_free(parser);
  buf_clear(&reply);
}

static void test_a_safe_message_has_its_addressee_and_the_sealed_text(void **state) {
  Buf out;
  buf_init(&out);
  envelope_wrap_message(STR("gh_1"), STR("U0VB"), &out);
  assert_string_equal(
      out.ptr,
      "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[U0VB]]></Encrypt></xml>");
  buf_clear(&out);
}

static void test_a_compatible_message_has_the_plain_elements_too(void **state) {
  Buf out;
  buf_init(&out);
  assert_true(envelope_wrap_both(STR("<xml>\n<A>1</A>\n</xml>\n"), STR("U0VB"), &out, &err));
  assert_string_equal(out.ptr, "<xml>\n<A>1</A>\n<Encrypt><![CDATA[U0VB]]></Encrypt></xml>");
  buf_reset(&out);
  assert_false(envelope_wrap_both(STR("{}"), STR("U0VB"), &out, &err));
  assert_int_equal(out.len, 0);
  buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_sealed_opens_whatever_its_length),
    cmocka_unit_test(test_the_sealed_bytes_fill_blocks_of_32),
    cmocka_unit_test(test_no_two_envelopes_are_alike),
    cmocka_unit_test(test_opening_appends),
    cmocka_unit_test(test_another_key_opens_nothing),
    cmocka_unit_test(test_another_appid_is_refused_be_it_one_letter_off),
    cmocka_unit_test(test_what_is_no_base64_is_refused),
    cmocka_unit_test(test_text_in_lines_is_opened),
    cmocka_unit_test(test_a_length_that_no_cipher_makes_is_refused),
    cmocka_unit_test(test_padding_beyond_32_or_none_is_refused),
    cmocka_unit_test(test_padding_that_contradicts_itself_is_refused),
    cmocka_unit_test(test_padding_to_16_as_other_programs_do_is_taken),
    cmocka_unit_test(test_a_length_field_that_lies_is_refused),
    cmocka_unit_test(test_a_length_field_that_cuts_the_message_makes_another_appid),
    cmocka_unit_test(test_less_than_a_head_is_refused),
    cmocka_unit_test(test_a_sealed_reply_is_signed_and_opens),
    cmocka_unit_test(test_a_safe_message_has_its_addressee_and_the_sealed_text),
    cmocka_unit_test(test_a_compatible_message_has_the_plain_elements_too),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
