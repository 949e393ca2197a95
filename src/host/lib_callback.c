// host.callback: callbacks in the platform's format, for the simulated platform.
//   account() -> { appid =, appsecret =, token =, mode = }
//   post(document, to, openid, timestamp, nonce, url) -> the url with the signed query, and the body to post
//   read(document) -> a message's elements as a table; nil and the reason if it is not a message
//   message(document) -> the message as a script gets it; nothing if it is not a message
//   open(body) -> the reply's elements as a table, and its document; nothing if the body has no reply;
//     nil, nil and the reason if the platform would not accept it
//   is_bare(name, parent, text) -> whether the platform writes that element's value as a bare number
#include "host/libs.h"

#include "engine/boxed.h"
#include "script/context.h"
#include "script/message_value.h"
#include "wechat/callback.h"
#include "wechat/message.h"

static Callback callback_of(lua_State *L) {
  ScriptContext *context = script_context(L);
  return (Callback){ .account = context->options->account,
                     .aes = context->aes,
                     .digest = context->digest,
                     .parser = context->xml };
}

static int l_account(lua_State *L) {
  static const char *const modes[] = { "normal", "compatible", "safe" };
  const Account *account = script_context(L)->options->account;
  lua_createtable(L, 0, 4);
  set_str(L, "appid", account->appid);
  set_str(L, "appsecret", account->appsecret);
  set_str(L, "token", account->credentials[0].token);
  set_str(L, "mode", str_of(modes[account->mode]));
  return 1;
}

static int l_post(lua_State *L) {
  Callback callback = callback_of(L);
  Err err = { 0 };
  lua_settop(L, 6);
  Buf *sealed = boxed_buf(L), *body = boxed_buf(L), *url = boxed_buf(L);
  buf_add(url, lua_str(L, 6));
  bool ok = callback_seal(&callback, lua_str(L, 1), lua_str(L, 2), sealed, body, &err) &&
            callback_sign(&callback, buf_str(sealed), lua_str(L, 3), lua_str(L, 4), lua_str(L, 5),
                          url, &err);
  if (!ok) raise(L, "%s", err.text);
  lua_pushlstring(L, url->ptr, url->len);
  lua_pushlstring(L, body->ptr ? body->ptr : "", body->len);
  for (int index = 7; index <= 9; index++) boxed_close(L, index);
  return 2;
}

static int l_read(lua_State *L) {
  ScriptContext *context = script_context(L);
  Err err = { 0 };
  if (message_read(context->xml, lua_str(L, 1), &context->tree, &err)) {
    message_value_push_elements(L, &context->tree);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, err.text);
  return 2;
}

static int l_message(lua_State *L) {
  ScriptContext *context = script_context(L);
  Str document = lua_str(L, 1);
  MessageHead head;
  Err err = { 0 };
  if (!message_parse(context->xml, document, &context->tree, &head, &err)) return 0;
  message_value_push(L, &context->tree, &head, document);
  return 1;
}

static int l_open(lua_State *L) {
  Callback callback = callback_of(L);
  NodeTree *tree = &script_context(L)->tree;
  Str body = lua_str(L, 1);
  Err err = { 0 };
  lua_settop(L, 1);
  if (callback_reply_is_empty(body)) return 0;
  Buf *plain = boxed_buf(L);
  if (!callback_open_reply(&callback, body, tree, plain, &err)) {
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 3;
  }
  if (tree->count == 0) return 0;
  Str document = plain->len ? buf_str(plain) : body;
  message_value_push_elements(L, tree);
  lua_pushlstring(L, document.ptr, document.len);
  boxed_close(L, 2);
  return 2;
}

static int l_is_bare(lua_State *L) {
  lua_pushboolean(L, message_is_bare(lua_str(L, 1), lua_str(L, 2), lua_str(L, 3)));
  return 1;
}

static const luaL_Reg functions[] = {
  { "account", l_account }, { "is_bare", l_is_bare }, { "message", l_message }, { "open", l_open },
  { "post", l_post },       { "read", l_read },       { NULL, NULL },
};

int lib_callback(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
