// host.reply: replies as XML, and late replies.
#include "host/libs.h"

#include "base/clock.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/boxed.h"
#include "script/context.h"
#include "script/message_value.h"
#include "script/late.h"
#include "script/reply_value.h"
#include "script/send_right.h"
#include "script/say.h"
#include "wechat/envelope.h"
#include "wechat/sentence.h"

// Returns a field of the message at index 2, cleaned, since the script may have changed it; "" if it is not a string.
static Str get_name(lua_State *L, Arena *arena, const char *field) {
  Str name = STR("");
  if (lua_getfield(L, 2, field) == LUA_TSTRING) name = reply_clean(arena, lua_str(L, -1));
  if (!name.ptr) raise(L, "not enough memory for the reply");
  return name;
}

// Seals `xml` with the credential that opened the message at index `message`, with a random decimal nonce.
static void seal(lua_State *L, Str xml, int64_t now, int message, Buf *out) {
  ScriptContext *context = script_context(L);
  const Account *account = context->options->account;
  const Credential *credential = &account->credentials[message_value_credential(L, message)];
  uint32_t random;
  char nonce[16];
  Err err;
  if (!digest_random(&random, sizeof random)) raise(L, "the system provides no random bytes");
  snprintf(nonce, sizeof nonce, "%u", random);
  if (!envelope_seal_reply(context->aes, context->digest, credential, account->appid, xml, now,
                           str_of(nonce), out, &err)) {
    raise(L, "%s", err.text);
  }
}

// reply.render(reply[, plain]): returns the XML document, addressed to the current message's sender; sealed in safe
// mode, unless `plain`. For an empty reply, returns "success".
static int l_render(lua_State *L) {
  bool plain = lua_toboolean(L, 2);
  lua_settop(L, 1);
  context_push_message(L);  // reply, message
  bool has_message = lua_type(L, 2) == LUA_TTABLE;
  bool to_event = has_message && lua_getfield(L, 2, "event") != LUA_TNIL;
  lua_settop(L, 2);
  Reply reply;
  Str rest;
  Arena *arena = boxed_arena(L);  // reply, message, arena
  ReplyValue result = reply_value_to(L, 1, arena, to_event, &reply, &rest);
  if (result == REPLY_VALUE_NO_MEMORY) raise(L, "not enough memory for the reply");
  if (result == REPLY_VALUE_NOT_A_REPLY)
    method_raise(L, "a %s is not a reply", luaL_typename(L, 1));
  if (reply.form == REPLY_NONE) {
    lua_pushliteral(L, "success");
    return 1;
  }
  if (!has_message && reply.form == REPLY_ELEMENTS) {
    method_raise(L,
                 "a reply is addressed to the current message's sender, and there is no message: "
                 "print it in on_message, or after wechat.parse_data");
  }
  Buf *xml = boxed_buf(L);  // reply, message, arena, xml
  int64_t now = clock_unix_s();
  Str to_user = has_message ? get_name(L, arena, "source") : STR(""),
      from_user = has_message ? get_name(L, arena, "target") : STR("");
  reply_render(&reply, to_user, from_user, now, xml);
  if (xml->failed) raise(L, "not enough memory for the reply");
  Buf *out = xml;
  if (!plain && script_context(L)->options->account->mode == MODE_SAFE) {
    out = boxed_buf(L);
    seal(L, buf_str(xml), now, 2, out);
  }
  if (out->failed) raise(L, "not enough memory for the reply");
  lua_pushlstring(L, out->ptr, out->len);
  return 1;
}

// reply.register(elements, metatable): registers the function and the metatable of replies, for lua/wechat/reply.lua.
static int l_register(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  reply_value_register(L);
  return 0;
}

// reply.on_late(fn): registers fn(reply, message, is_rest), which sends a reply that was too late, or (is_rest) the
// rest that did not fit into the reply.
static int l_on_late(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  late_register(L);
  return 0;
}

// reply.allowed(yes): notes whether the platform allows the account to send customer service messages. Returns whether
// that is new.
static int l_allowed(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  char name[ACCOUNT_NAME_MAX];
  Err err;
  bool known =
      options->shared && !door_is_replaying(L) && account_name(options->account, name, &err);
  lua_pushboolean(L, known && send_right_note(options->store, str_of(name), options->shared,
                                              lua_toboolean(L, 1)));
  return 1;
}

// reply.lost(reason): counts, once, a reply that its user will not get; `reason` is one of LOST_REASONS.
static int l_lost(lua_State *L) {
  static const char *const reasons[] = { LOST_REASONS, NULL };
  int reason = luaL_checkoption(L, 1, NULL, reasons);
  if (!door_repeats(L)) shared_lost(script_context(L)->options->shared, reasons[reason]);
  return 0;
}

// reply.cut(text): returns the beginning of the text that fits into one message, cut at the best place (sentence_cut).
static int l_cut(lua_State *L) {
  Str text = lua_str(L, 1);
  push_str(L, str_sub(text, 0, sentence_cut(text, REPLY_TEXT_MAX)));
  return 1;
}

// reply.whole(text): returns the text's complete sentences (sentence_prefix).
static int l_whole(lua_State *L) {
  Str text = lua_str(L, 1);
  push_str(L, str_sub(text, 0, sentence_prefix(text)));
  return 1;
}

static const luaL_Reg functions[] = {
  { "cut", l_cut },         { "whole", l_whole },
  { "lost", l_lost },       { "allowed", l_allowed },
  { "on_late", l_on_late }, { "register", l_register },
  { "render", l_render },   { "deliver", say_deliver },
  { "say", say_part },      { "spent", say_spent },
  { NULL, NULL },
};

static const DoorFunction recorded[] = {
  { "a late reply's turn", "turn", say_turn, DOOR_READS, NULL },
  { "a late reply", "taken", say_taken, DOOR_READS, NULL },
  { "a late reply", "fate", say_fate, DOOR_READS, NULL },
  { "wechat.say or wechat.ask", "saying", say_state, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

int lib_reply(lua_State *L) {
  luaL_newlib(L, functions);
  door_set_all(L, recorded, 0);
  return 1;
}
