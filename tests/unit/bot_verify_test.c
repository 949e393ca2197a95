// bot/verify: the checks in their order, in each mode, during a change of keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/verify.h"

#include "wechat/envelope.h"
#include "wechat/signature.h"

enum { NOW = 1700000000, WINDOW = 600 };

#define KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define OLD_KEY "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
#define MESSAGE                                                                                    \
  "<xml><ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><MsgType>text</MsgType></xml>"

static Overdue *overdue;
static WorkspacePool *pool;
static Workspace *w;
static Digest *digest;
static Arena *arena;
static Account account;
static Verified verified;
static Err err;

static int begin(void **state) {
  overdue = overdue_new();
  pool = workspace_pool_new(overdue);
  w = workspace_get(pool);
  digest = digest_new();
  arena = arena_new();
  return 0;
}

static int end(void **state) {
  arena_free(arena);
  digest_free(digest);
  workspace_put(pool, w);
  workspace_pool_free(pool);
  overdue_free(overdue);
  return 0;
}

static void use(const char *mode, const char *previous_token, const char *previous_key) {
  AccountSettings settings = {
    .token = STR("a-token"),
    .appid = STR("wx01"),
    .encrypt_mode = str_of(mode),
    .encoding_aes_key = mode[0] == 'n' ? STR("") : STR(KEY),
    .previous_token = str_of(previous_token),
    .previous_encoding_aes_key = str_of(previous_key),
  };
  assert_true(account_init(&account, &settings, &err));
}

static Str signature(const char *token, const char *timestamp, const Str *sealed) {
  char hex[SHA1_HEX_LEN + 1];
  assert_true(signature_make(digest, str_of(token), str_of(timestamp), STR("n"), sealed, hex));
  return arena_dup(arena, str_of(hex));
}

static Pairs query(Str signature, const char *timestamp) {
  Pairs pairs = { 0 };
  pairs_add(&pairs, arena, STR("signature"), signature);
  pairs_add(&pairs, arena, STR("timestamp"), str_of(timestamp));
  pairs_add(&pairs, arena, STR("nonce"), STR("n"));
  return pairs;
}

static Pairs signed_query(const char *token, const char *timestamp) {
  return query(signature(token, timestamp, NULL), timestamp);
}

static bool verifies(const Pairs *pairs, Str body) {
  err = (Err){ 0 };
  return verify_callback(&account, WINDOW, pairs, body, NOW, w, &verified, &err);
}

static void assert_refused(const Pairs *pairs, Str body, ErrCode code, const char *why) {
  assert_false(verifies(pairs, body));
  assert_int_equal(err.code, code);
  if (!strstr(err.text, why)) fail_msg("%s", err.text);
}

// The document as the platform posts it, and its query with msg_signature.
static Str sealed_body(const char *token, const char *key, const char *appid, Pairs *pairs) {
  AccountSettings settings = { .token = str_of(token),
                               .appid = str_of(appid),
                               .encoding_aes_key = str_of(key) };
  Account theirs;
  assert_true(account_init(&theirs, &settings, &err));
  Buf sealed, body;
  buf_init(&sealed);
  buf_init(&body);
  assert_true(
      envelope_seal(w->aes, theirs.credentials[0].key, theirs.appid, STR(MESSAGE), &sealed, &err));
  envelope_wrap_message(STR("gh"), buf_str(&sealed), &body);
  Str text = buf_str(&sealed), document = arena_dup(arena, buf_str(&body));
  *pairs = signed_query(token, "1700000000");
  pairs_add(pairs, arena, STR("encrypt_type"), STR("aes"));
  pairs_add(pairs, arena, STR("msg_signature"), signature(token, "1700000000", &text));
  buf_clear(&sealed);
  buf_clear(&body);
  return document;
}

static void test_what_the_token_signed_is_let_in(void **state) {
  use("normal", "", "");
  Pairs pairs = signed_query("a-token", "1700000000");
  assert_true(verifies(&pairs, STR(MESSAGE)));
  assert_false(verified.sealed);
  assert_true(str_eq(verified.document, STR(MESSAGE)));
  assert_true(verify_query(&account, WINDOW, &pairs, NOW, w, &err));
}

static void test_parameters_stand_once(void **state) {
  use("normal", "", "");
  static const char *const names[] = { "signature", "timestamp", "nonce" };
  for (size_t i = 0; i < 3; i++) {
    Pairs twice = signed_query("a-token", "1700000000"), without = { 0 };
    pairs_add(&twice, arena, str_of(names[i]), STR("x"));
    assert_refused(&twice, STR(MESSAGE), ERR_FORBIDDEN, "more than once");
    for (const Pair *pair = twice.first; pair->next; pair = pair->next) {
      if (!str_eq(pair->name, str_of(names[i])))
        pairs_add(&without, arena, pair->name, pair->value);
    }
    assert_refused(&without, STR(MESSAGE), ERR_FORBIDDEN, "missing");
  }
}

static void test_another_token_or_another_time_is_refused(void **state) {
  use("normal", "", "");
  Pairs forged = signed_query("another", "1700000000"), old = signed_query("a-token", "1699999399"),
        future = signed_query("a-token", "1700000601"),
        edge = signed_query("a-token", "1699999400"), words = signed_query("a-token", "now");
  assert_refused(&forged, STR(MESSAGE), ERR_FORBIDDEN, "signature is wrong");
  assert_refused(&old, STR(MESSAGE), ERR_FORBIDDEN, "replay_window_s");
  assert_refused(&future, STR(MESSAGE), ERR_FORBIDDEN, "replay_window_s");
  assert_refused(&words, STR(MESSAGE), ERR_FORBIDDEN, "not a number");
  assert_true(verifies(&edge, STR(MESSAGE)));
  assert_true(verify_callback(&account, 0, &old, STR(MESSAGE), NOW, w, &verified, &err));
}

static void test_safe_mode_takes_nothing_but_sealed_messages(void **state) {
  use("safe", "", "");
  Pairs plain = signed_query("a-token", "1700000000"), sealed;
  assert_refused(&plain, STR(MESSAGE), ERR_FORBIDDEN, "msg_signature is missing");
  Str body = sealed_body("a-token", KEY, "wx01", &sealed);
  assert_true(verifies(&sealed, body));
  assert_true(verified.sealed);
  assert_true(str_eq(verified.document, STR(MESSAGE)));
  assert_refused(&sealed, STR(MESSAGE), ERR_FORBIDDEN, "the message is plain");
}

static void wrap_lines(Str body, size_t width, Buf *out) {
  Str mark = STR("<Encrypt><![CDATA[");
  size_t begin = (size_t)str_find(body, mark) + mark.len;
  size_t end = begin + (size_t)str_find(str_sub(body, begin, body.len), STR("]]>"));
  buf_add(out, str_sub(body, 0, begin));
  for (size_t at = begin; at < end; at += width) {
    buf_add(out, str_sub(body, at, end - at < width ? end - at : width));
    buf_add(out, STR("\n"));
  }
  buf_add(out, str_sub(body, end, body.len));
}

static void test_sealed_text_may_be_wrapped_in_lines_before_or_after_it_was_signed(void **state) {
  use("safe", "", "");
  Pairs pairs;
  Str body = sealed_body("a-token", KEY, "wx01", &pairs), wrapped_text;
  Buf wrapped;
  buf_init(&wrapped);
  wrap_lines(body, 76, &wrapped);
  assert_true(verifies(&pairs, buf_str(&wrapped)));
  assert_true(str_eq(verified.document, STR(MESSAGE)));
  assert_true(message_read(w->xml, buf_str(&wrapped), &w->outer, &err));
  assert_true(node_child_text(&w->outer, 0, STR("Encrypt"), &wrapped_text));
  Str text = arena_dup(arena, wrapped_text);
  pairs = signed_query("a-token", "1700000000");
  pairs_add(&pairs, arena, STR("msg_signature"), signature("a-token", "1700000000", &text));
  assert_true(verifies(&pairs, buf_str(&wrapped)));
  assert_true(str_eq(verified.document, STR(MESSAGE)));
  pairs = signed_query("a-token", "1700000000");
  pairs_add(&pairs, arena, STR("msg_signature"), signature("b-token", "1700000000", &text));
  assert_refused(&pairs, buf_str(&wrapped), ERR_FORBIDDEN, "msg_signature is wrong");
  buf_clear(&wrapped);
}

static void test_a_sealed_message_to_a_bot_that_opens_none_names_what_to_set(void **state) {
  Pairs pairs;
  Str body = sealed_body("a-token", KEY, "wx01", &pairs);
  use("normal", "", "");
  assert_refused(&pairs, body, ERR_INVALID, "set encoding_aes_key");
  AccountSettings settings = { .token = STR("a-token"),
                               .appid = STR("wx01"),
                               .encrypt_mode = STR("normal"),
                               .encoding_aes_key = STR(KEY) };
  assert_true(account_init(&account, &settings, &err));
  assert_refused(&pairs, body, ERR_INVALID, "set encrypt_mode");
  Buf both;
  buf_init(&both);
  assert_true(envelope_wrap_both(STR(MESSAGE), STR("U0VB"), &both, &err));
  assert_true(verifies(&pairs, buf_str(&both)));
  assert_false(verified.sealed);
  buf_clear(&both);
}

static void test_compatible_mode_takes_both_but_not_a_sealed_one_unsigned(void **state) {
  use("compatible", "", "");
  Pairs plain = signed_query("a-token", "1700000000"), sealed,
        unsigned_one = signed_query("a-token", "1700000000");
  assert_true(verifies(&plain, STR(MESSAGE)));
  assert_false(verified.sealed);
  Str body = sealed_body("a-token", KEY, "wx01", &sealed);
  assert_true(verifies(&sealed, body));
  assert_true(verified.sealed);
  pairs_add(&unsigned_one, arena, STR("encrypt_type"), STR("aes"));
  assert_refused(&unsigned_one, body, ERR_FORBIDDEN, "msg_signature is missing");
  assert_refused(&sealed, STR(MESSAGE), ERR_INVALID, "no Encrypt");
}

static void test_another_appid_or_another_key_is_refused_as_a_bad_message(void **state) {
  use("safe", "", "");
  Pairs pairs;
  Str body = sealed_body("a-token", KEY, "wx02", &pairs);
  assert_refused(&pairs, body, ERR_INVALID, "appid");
  body = sealed_body("a-token", OLD_KEY, "wx01", &pairs);
  assert_false(verifies(&pairs, body));
  assert_int_equal(err.code, ERR_INVALID);
}

static void test_what_was_sealed_is_what_was_signed(void **state) {
  use("safe", "", "");
  Pairs pairs, others;
  sealed_body("a-token", KEY, "wx01", &pairs);
  Str body = sealed_body("a-token", KEY, "wx01", &others);  // other random bytes
  assert_refused(&pairs, body, ERR_FORBIDDEN, "msg_signature is wrong");
}

static void
test_during_a_change_of_keys_both_are_taken_and_the_reply_is_sealed_with_its_own(void **state) {
  use("safe", "old-token", OLD_KEY);
  static const struct {
    const char *token, *key;
  } pairs[] = {
    { "a-token", KEY }, { "a-token", OLD_KEY }, { "old-token", KEY }, { "old-token", OLD_KEY }
  };
  for (size_t i = 0; i < 4; i++) {
    Pairs query;
    Str body = sealed_body(pairs[i].token, pairs[i].key, "wx01", &query);
    assert_true(verifies(&query, body));
    assert_true(str_eq(verified.credential->token, str_of(pairs[i].token)));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_the_token_signed_is_let_in),
    cmocka_unit_test(test_parameters_stand_once),
    cmocka_unit_test(test_another_token_or_another_time_is_refused),
    cmocka_unit_test(test_safe_mode_takes_nothing_but_sealed_messages),
    cmocka_unit_test(test_sealed_text_may_be_wrapped_in_lines_before_or_after_it_was_signed),
    cmocka_unit_test(test_a_sealed_message_to_a_bot_that_opens_none_names_what_to_set),
    cmocka_unit_test(test_compatible_mode_takes_both_but_not_a_sealed_one_unsigned),
    cmocka_unit_test(test_another_appid_or_another_key_is_refused_as_a_bad_message),
    cmocka_unit_test(test_what_was_sealed_is_what_was_signed),
    cmocka_unit_test(
        test_during_a_change_of_keys_both_are_taken_and_the_reply_is_sealed_with_its_own),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
