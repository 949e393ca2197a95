// host.message: lets scripts verify, decrypt and parse callbacks themselves.
#include "host/libs.h"

#include "engine/method.h"
#include "engine/boxed.h"
#include "script/context.h"
#include "script/message_value.h"
#include "wechat/envelope.h"
#include "wechat/message.h"
#include "wechat/signature.h"

static const Account *account_of(lua_State *L) { return script_context(L)->options->account; }

// ---- signatures

// Returns the first credential, from index `from` on, whose token made this signature, or -1. For a sealed text, only
// credentials with a key count.
static int find_credential(lua_State *L, Str signature, Str timestamp, Str nonce, const Str *sealed,
                           int from) {
  const Account *account = account_of(L);
  for (size_t i = (size_t)from; i < account->credential_count; i++) {
    const Credential *credential = &account->credentials[i];
    if (sealed && !credential->has_key) continue;
    if (credential->token.len > 0 && signature_check(script_context(L)->digest, signature,
                                                     credential->token, timestamp, nonce, sealed)) {
      return (int)i;
    }
  }
  return -1;
}

// check_signature(signature, timestamp, nonce)
static int l_check_signature(lua_State *L) {
  Str signature = lua_str(L, 1), timestamp = lua_str(L, 2), nonce = lua_str(L, 3);
  const Account *account = account_of(L);
  if (account->credential_count == 0 || account->credentials[0].token.len == 0) {
    method_raise(L, "wechat.check_signature: no token is configured (key 'token')");
  }
  lua_pushboolean(L, find_credential(L, signature, timestamp, nonce, NULL, 0) >= 0);
  return 1;
}

// jsapi_signature(ticket, noncestr, timestamp, url)
static int l_jsapi_signature(lua_State *L) {
  char hex[SHA1_HEX_LEN + 1];
  if (!signature_jsapi(script_context(L)->digest, lua_str(L, 1), lua_str(L, 2), lua_str(L, 3),
                       lua_str(L, 4), hex)) {
    raise(L, "sha1 failed");
  }
  lua_pushlstring(L, hex, SHA1_HEX_LEN);
  return 1;
}

// pay_digest(text, hmac): returns the digest of "text&key=partnerkey" in upper-case hex: HMAC-SHA-256 or MD5. Lua never
// sees the key.
static int l_pay_digest(lua_State *L) {
  Str text = lua_str(L, 1), key = account_of(L)->partnerkey;
  bool hmac = lua_toboolean(L, 2), done;
  char hex[SHA256_HEX_LEN + 1] = "";
  if (key.len == 0)
    method_raise(L, "wechat.pay_sign: no merchant key is configured (key 'partnerkey')");
  Buf *signed_text = boxed_buf(L);
  buf_add(signed_text, text);
  buf_add(signed_text, STR("&key="));
  buf_add(signed_text, key);
  Digest *digest = script_context(L)->digest;
  if (hmac) done = digest_hmac_sha256(digest, key, buf_str(signed_text), hex);
  else done = digest_md5(digest, buf_str(signed_text), hex);
  if (signed_text->failed || !done) method_raise(L, "wechat.pay_sign: the digest failed");
  boxed_close(L, -1);
  for (char *c = hex; *c; c++) {
    if (*c >= 'a' && *c <= 'f') *c = (char)(*c - 'a' + 'A');
  }
  lua_pushstring(L, hex);
  return 1;
}

// ---- parse_data

static int give_error(lua_State *L, const Err *err) {
  lua_pushnil(L);
  lua_pushstring(L, err->text);
  return 2;
}

// Pushes the text of the outer document's Encrypt element. False, with nothing pushed, if there is none.
static bool push_sealed(lua_State *L, Str data, Err *err) {
  ScriptContext *context = script_context(L);
  Str sealed;
  if (!message_read(context->xml, data, &context->tree, err)) return false;
  if (!node_child_text(&context->tree, 0, STR("Encrypt"), &sealed)) {
    return err_set(
        err, ERR_FORBIDDEN,
        "the message is plain (no Encrypt), but encrypt_mode says that messages are sealed");
  }
  lua_pushlstring(L, sealed.ptr ? sealed.ptr : "", sealed.len);
  return true;
}

// Decrypts the sealed text on top of the stack into `out`; *credential is the index of the credential used.
static bool open_sealed(lua_State *L, Str signature, Str timestamp, Str nonce, Buf *out,
                        int *credential, Err *err) {
  const Account *account = account_of(L);
  Str sealed = lua_str(L, -1);
  *credential = find_credential(L, signature, timestamp, nonce, &sealed, 0);
  if (*credential < 0) {
    return err_set(err, ERR_FORBIDDEN,
                   "msg_signature is wrong: the token is another one, or the message is not from "
                   "the platform");
  }
  // While the key is being changed, two credentials can have the same token: then the signature fits both, so try each.
  for (int i = *credential; i >= 0;
       i = find_credential(L, signature, timestamp, nonce, &sealed, i + 1)) {
    buf_reset(out);
    *credential = i;
    const uint8_t *key = account->credentials[i].key;
    if (envelope_open(script_context(L)->aes, key, account->appid, sealed, out, err)) return true;
  }
  return false;
}

static bool is_sealed(lua_State *L, Str data) {
  if (account_of(L)->mode == MODE_SAFE) return true;
  if (account_of(L)->mode == MODE_NORMAL || lua_isnoneornil(L, 2)) return false;
  bool sealed = push_sealed(L, data, NULL);
  if (sealed) lua_pop(L, 1);
  return sealed;
}

// parse(data[, msg_signature, timestamp, nonce]): returns the message, which becomes the current message; or nil and
// the reason.
static int l_parse(lua_State *L) {
  ScriptContext *context = script_context(L);
  Str document = lua_str(L, 1);
  int credential = 0;
  Err err;
  lua_settop(L, 4);
  Buf *plain = boxed_buf(L);
  if (is_sealed(L, document)) {
    for (int arg = 2; arg <= 4; arg++) {
      static const char *const names[] = { "msg_signature", "timestamp", "nonce" };
      if (lua_isnil(L, arg)) {
        method_raise(L, "wechat.parse_data: %s is missing: messages are sealed (encrypt_mode)",
                     names[arg - 2]);
      }
    }
    if (!push_sealed(L, document, &err)) return give_error(L, &err);
    if (!open_sealed(L, lua_str(L, 2), lua_str(L, 3), lua_str(L, 4), plain, &credential, &err)) {
      return give_error(L, &err);
    }
    document = buf_str(plain);
  }
  MessageHead head;
  if (!message_parse(context->xml, document, &context->tree, &head, &err))
    return give_error(L, &err);
  message_value_push(L, &context->tree, &head, document);
  message_value_set_credential(L, -1, (size_t)credential);
  boxed_close(L, 5);
  lua_pushvalue(L, -1);
  context_set_message(L);
  return 1;
}

static int l_get(lua_State *L) {
  context_push_message(L);
  return 1;
}

static const luaL_Reg functions[] = {
  { "check_signature", l_check_signature },
  { "get", l_get },
  { "jsapi_signature", l_jsapi_signature },
  { "next", message_value_next },
  { "parse", l_parse },
  { "pay_digest", l_pay_digest },
  { NULL, NULL },
};

int lib_message(lua_State *L) {
  message_value_open(L);
  luaL_newlib(L, functions);
  return 1;
}
