// host.message: parse_data, check_signature and a printed reply in each mode, while keys are being changed.
#include "engine/method.h"
#include "host/libs.h"
#include "script_state.h"
#include "wechat/envelope.h"
#include "wechat/signature.h"

static State state;

#define KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define FORMER_KEY "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcbA"
#define PLAIN MESSAGE("text", "<Content>hi</Content>")

static AccountSettings settings;

static void given_mode(const char *mode) {
  Err err;
  settings = (AccountSettings){
    .token = STR("now"),
    .previous_token = STR("then"),
    .appid = STR("wx0000000000000001"),
    .encoding_aes_key = STR(KEY),
    .previous_encoding_aes_key = STR(FORMER_KEY),
    .partnerkey = STR("merchant"),
  };
  settings.encrypt_mode = str_of(mode);
  if (!account_init(&state.account, &settings, &err)) fail_msg("%s", err.text);
}

static int set_up(void **unused) {
  state_open(&state);
  method_open(state.L);
  lua_setglobal(state.L, "args");
  lib_message(state.L);
  lua_setglobal(state.L, "message");
  lib_reply(state.L);
  lua_setglobal(state.L, "reply");
  state_run(&state, "metatable = {__tostring = reply.render}\n"
                    "reply.register(function(r) return r.elements end, metatable)\n"
                    "hello = setmetatable({type = 'text', content = 'hello'}, metatable)");
  return 0;
}

static int tear_down(void **unused) {
  state_close(&state);
  return 0;
}

// Sets the globals `data` and `signature` to a message sealed with that credential, and its signature.
static void given_sealed(size_t credential, const char *appid, const char *form) {
  const Credential *with = &state.account.credentials[credential];
  Buf sealed;
  char hex[SHA1_HEX_LEN + 1];
  buf_init(&sealed);
  assert_true(
      envelope_seal(state.context.aes, with->key, str_of(appid), STR(PLAIN), &sealed, NULL));
  Str text = buf_str(&sealed);
  assert_true(
      signature_make(state.context.digest, with->token, STR("1700000000"), STR("n"), &text, hex));
  lua_pushfstring(state.L, form, sealed.ptr);
  lua_setglobal(state.L, "data");
  lua_pushstring(state.L, hex);
  lua_setglobal(state.L, "signature");
  buf_clear(&sealed);
}

#define XML_FORM "<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>"
#define JSON_FORM "{\"ToUserName\":\"gh_1\",\"Encrypt\":\"%s\"}"

static void test_a_sealed_message_is_opened_and_becomes_current(void **unused) {
  given_mode("safe");
  given_sealed(0, "wx0000000000000001", XML_FORM);
  state_run(&state, "local msg = assert(message.parse(data, signature, 1700000000, 'n')) "
                    "assert(msg.content == 'hi' "
                    "and message.get() == msg)\n"
                    "assert(msg.raw:find('<Content>hi</Content>'))");
  given_sealed(0, "wx0000000000000001", JSON_FORM);
  state_run(&state, "assert(message.parse(data, signature, '1700000000', 'n').content == 'hi')");
}

static void test_every_credential_opens_while_keys_change(void **unused) {
  given_mode("safe");
  assert_int_equal(state.account.credential_count, 4);
  for (size_t i = 0; i < state.account.credential_count; i++) {
    given_sealed(i, "wx0000000000000001", XML_FORM);
    state_run(&state,
              "assert(assert(message.parse(data, signature, '1700000000', 'n')).content == 'hi')");
  }
}

static void test_a_printed_reply_is_sealed_with_what_opened_the_message(void **unused) {
  given_mode("safe");
  for (size_t i = 0; i < state.account.credential_count; i++) {
    given_sealed(i, "wx0000000000000001", XML_FORM);
    state_run(&state,
              "assert(message.parse(data, signature, '1700000000', 'n')) xml = tostring(hello)\n"
              "sealed = xml:match('<Encrypt><!%[CDATA%[(.-)%]%]></Encrypt>')\n"
              "time, nonce = xml:match('<TimeStamp>(%d+)</TimeStamp>'), "
              "xml:match('<Nonce><!%[CDATA%[(%d+)%]%]></Nonce>')\n"
              "signed = xml:match('<MsgSignature><!%[CDATA%[(%x+)%]%]></MsgSignature>')\n"
              "assert(sealed and time and nonce and signed and math.abs(time - os.time()) < 5)");
    const Credential *with = &state.account.credentials[i];
    const char *names[] = { "sealed", "time", "nonce", "signed" };
    Str parts[4];
    for (int n = 0; n < 4; n++) {
      lua_getglobal(state.L, names[n]);
      parts[n].ptr = lua_tolstring(state.L, -1, &parts[n].len);
    }
    assert_true(signature_check(state.context.digest, parts[3], with->token, parts[1], parts[2],
                                &parts[0]));
    Buf plain;
    Err err;
    buf_init(&plain);
    if (!envelope_open(state.context.aes, with->key, state.account.appid, parts[0], &plain, &err)) {
      fail_msg("%s", err.text);
    }
    assert_non_null(strstr(plain.ptr, "<![CDATA[hello]]>"));
    assert_non_null(strstr(plain.ptr, "<ToUserName><![CDATA[oUser1]]></ToUserName>"));
    buf_clear(&plain);
    lua_settop(state.L, 0);
  }
}

static void test_what_is_forged_or_foreign_gives_nil_and_why(void **unused) {
  given_mode("safe");
  given_sealed(0, "wx0000000000000001", XML_FORM);
  state_run(
      &state,
      "local msg, why = message.parse(data, signature, '1700000001', 'n') assert(msg == nil and "
      "why:find('msg_signature'))");
  state_run(&state, "local msg, why = message.parse(data, signature:upper(), '1700000000', 'n') "
                    "assert(msg == nil "
                    "and why:find('msg_signature'))");
  state_run(&state, "assert(message.get() == nil)");
  given_sealed(0, "wx0000000000000002", XML_FORM);
  state_run(&state, "local msg, why = message.parse(data, signature, '1700000000', 'n') assert(msg "
                    "== nil and #why > 0)");
}

static void test_safe_mode_takes_no_plain_message(void **unused) {
  given_mode("safe");
  state_run(&state, "local msg, why = message.parse('<xml><MsgType>text</MsgType></xml>', 's', "
                    "'1', 'n') assert(msg "
                    "== nil and why:find('message is plain'))");
  state_run(&state, "local ok, why = pcall(message.parse, '<xml><MsgType>text</MsgType></xml>') "
                    "assert(not ok and "
                    "why:find('msg_signature is missing'))");
}

static void test_normal_mode_opens_nothing(void **unused) {
  given_mode("normal");
  given_sealed(0, "wx0000000000000001", XML_FORM);
  state_run(&state, "local msg, why = message.parse(data, signature, '1700000000', 'n') assert(msg "
                    "== nil and #why > 0)");
  state_push_message(&state, PLAIN);
  lua_setglobal(state.L, "msg");
  state_run(&state, "assert(message.parse(msg.raw).content == 'hi')");
}

static void test_compatible_mode_takes_both(void **unused) {
  given_mode("compatible");
  given_sealed(0, "wx0000000000000001", XML_FORM);
  state_run(&state, "assert(message.parse(data, signature, '1700000000', 'n').content == 'hi')");
  state_set_message(&state, PLAIN);
  state_run(&state, "assert(message.parse(msg.raw).content == 'hi' and message.parse(msg.raw, 's', "
                    "'1', 'n').content "
                    "== 'hi')");
  state_run(&state,
            "assert(tostring(hello):find('<Content><![CDATA[hello]]></Content>', 1, true))");
}

static void test_a_signature_fits_with_either_token(void **unused) {
  given_mode("normal");
  const char *tokens[] = { "now", "then", "never" };
  for (size_t i = 0; i < 3; i++) {
    char hex[SHA1_HEX_LEN + 1];
    assert_true(
        signature_make(state.context.digest, str_of(tokens[i]), STR("1"), STR("n"), NULL, hex));
    lua_pushstring(state.L, hex);
    lua_setglobal(state.L, "signature");
    state_run(&state, i < 2 ? "assert(message.check_signature(signature, 1, 'n') == true)"
                            : "assert(message.check_signature(signature, 1, 'n') == false)");
  }
}

static void test_without_a_token_checking_is_a_fault_of_the_program(void **unused) {
  state.account = (Account){ 0 };
  state_run(&state, "local ok, why = pcall(message.check_signature, 's', '1', 'n') assert(not ok "
                    "and why:find(\"key "
                    "'token'\"))");
  state_run(&state, "local ok, why = pcall(message.pay_digest, 'a=1') assert(not ok and "
                    "why:find(\"key 'partnerkey'\"))");
}

static void test_a_reply_without_a_message_cannot_be_printed(void **unused) {
  given_mode("normal");
  state_run(&state,
            "local ok, why = pcall(tostring, hello) assert(not ok and why:find('no message'))");
}

static void test_the_collector_at_every_step_does_no_harm(void **unused) {
  given_mode("safe");
  given_sealed(0, "wx0000000000000001", XML_FORM);
  state.collect_always = true;
  state_run(&state, "assert(message.parse(data, signature, 1700000000, 'n').content == 'hi') "
                    "assert(#tostring(hello) "
                    "> 100)");
}

static void test_no_memory_at_any_point_does_no_harm(void **unused) {
  given_mode("safe");
  given_sealed(0, "wx0000000000000001", JSON_FORM);
  int status = LUA_ERRMEM;
  for (long allowed = 0; status != LUA_OK; allowed++) {
    luaL_loadstring(state.L,
                    "assert(message.parse(data, signature, 1700000000, 'n').content == 'hi') "
                    "assert(#tostring(hello) > 100)");
    state.fail_after = allowed;
    status = lua_pcall(state.L, 0, 0, 0);
    state.fail_after = -1;
    lua_settop(state.L, 0);
  }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(test_a_sealed_message_is_opened_and_becomes_current),
    CASE(test_every_credential_opens_while_keys_change),
    CASE(test_a_printed_reply_is_sealed_with_what_opened_the_message),
    CASE(test_what_is_forged_or_foreign_gives_nil_and_why),
    CASE(test_safe_mode_takes_no_plain_message),
    CASE(test_normal_mode_opens_nothing),
    CASE(test_compatible_mode_takes_both),
    CASE(test_a_signature_fits_with_either_token),
    CASE(test_without_a_token_checking_is_a_fault_of_the_program),
    CASE(test_a_reply_without_a_message_cannot_be_printed),
    CASE(test_the_collector_at_every_step_does_no_harm),
    CASE(test_no_memory_at_any_point_does_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
