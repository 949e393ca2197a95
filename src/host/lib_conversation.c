// host.conversation: conversations with users.
//   end_user(openid) -> known, at, identity, owed, conversation: forgets a user: ends the user's tasks in every
//     interpreter, and nothing more is sent. A call that waits for the user's next message returns nil and "forgotten".
//     `known`: whether the store had runs of the user; `at`: when that was (Unix milliseconds); `identity`: of the
//     running task's message, which goes on, if it is that user's, else empty; `owed`, `conversation`: the keys of that
//     message's runs in the store, which stay; empty: none
//   end_earlier() -> openid, identity, made, arrived, tells, owes: ends likewise the tasks of earlier messages of the
//     running task's user, except those that wait for the next message. `made` (Unix seconds) and `arrived` (Unix
//     milliseconds) are the message's times; `tells`: other processes must be told; `owes`: the store may have owed
//     runs
//   is_before(value, made): whether a run in the store answers a message that was made at that time or before
//   told(number): notes the number under which this process announced either to the other processes
//   ask(question, timeout_s | nil, events, sent), announce(events): script/ask.h
//   last: whether conversations outlive the process
#include "host/libs.h"

#include "base/clock.h"
#include "engine/door.h"
#include "engine/method.h"
#include "script/ask.h"
#include "script/cancel.h"
#include "script/context.h"
#include "script/conversation.h"
#include "script/keep.h"
#include "store/store.h"

static BotShared *shared_of(lua_State *L) { return script_context(L)->options->shared; }

static int l_told(lua_State *L) {
  BotShared *shared = shared_of(L);
  if (shared) cancels_note_own(shared->cancels, luaL_checkinteger(L, 1));
  return 0;
}

static void cancel_everywhere(lua_State *L, const Cancel *cancel) {
  BotShared *shared = shared_of(L);
  cancel_here(engine_of(L), cancel);
  if (shared) cancel_elsewhere(shared, script_context(L)->interpreter, cancel);
}

// Deletes the user's runs, except those of the running task's message, and pushes whether there were any. That message
// may be put into the store while its script still forgets, so its key is spared in any case.
static void forget_runs(lua_State *L, const Cancel *cancel, bool is_conversation,
                        char texts[2][STORE_KEY_MAX], KeepSpared *spared) {
  Keep *keep = shared_of(L) ? shared_of(L)->keep : NULL;
  if (keep && cancel->identity.len)
    spared->owed = keep_key_of(keep, cancel->openid, cancel->identity, texts[0]);
  if (keep && is_conversation)
    spared->conversation = keep_key_of(keep, cancel->openid, STR(""), texts[1]);
  lua_pushboolean(L, keep && keep_forget(keep, cancel->openid, spared));
}

static int l_end_user(lua_State *L) {
  BotShared *shared = shared_of(L);
  Str openid = lua_str(L, 1);
  int64_t at_ms = clock_unix_ms();
  char texts[2][STORE_KEY_MAX];
  KeepSpared spared = { .owed = STR(""), .conversation = STR("") };
  Cancel cancel;
  bool is_conversation;
  cancel_all(L, openid, &cancel, &is_conversation);
  cancel_everywhere(L, &cancel);
  if (shared && shared->conversations)
    conversations_end_user(shared->conversations, openid, "forgotten");
  forget_runs(L, &cancel, is_conversation, texts, &spared);
  lua_pushinteger(L, at_ms);
  push_str(L, cancel.identity);
  push_str(L, spared.owed);
  push_str(L, spared.conversation);
  return 5;
}

static int64_t unix_ms_of(int64_t monotonic_us) {
  return clock_unix_ms() - (clock_now_us() - monotonic_us) / 1000;
}

static int push_earlier(lua_State *L, const Cancel *cancel) {
  const InterpreterOptions *options = script_context(L)->options;
  const BotShared *shared = options->shared;
  push_str(L, cancel->openid);
  push_str(L, cancel->identity);
  lua_pushinteger(L, cancel->before.made_s);
  lua_pushinteger(L, unix_ms_of(cancel->before.arrived_us));
  lua_pushboolean(L, shared && options->store && store_company(options->store) != STORE_ALONE);
  lua_pushboolean(L, shared && shared->keep && keep_may_owe(shared->keep));
  return 6;
}

static int l_end_earlier(lua_State *L) {
  Cancel cancel;
  if (!cancel_of_earlier(L, &cancel))
    method_raise(L, "wechat.newest: no message is being answered here (write it in on_message)");
  cancel_everywhere(L, &cancel);
  return push_earlier(L, &cancel);
}

static int l_is_before(lua_State *L) {
  ScriptContext *context = script_context(L);
  KeptRun run;
  MessageHead head;
  int64_t made_s;
  bool before = kept_read(lua_str(L, 1), &run) &&
                message_parse(context->xml, run.message, &context->tree, &head, NULL) &&
                str_to_int64(head.create_time, &made_s) && made_s <= luaL_checkinteger(L, 2);
  lua_pushboolean(L, before);
  return 1;
}

static const DoorFunction recorded[] = {
  { "wechat.forget", "end_user", l_end_user, DOOR_TELLS, NULL },
  { "wechat.newest", "end_earlier", l_end_earlier, DOOR_TELLS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

int lib_conversation(lua_State *L) {
  const BotShared *shared = shared_of(L);
  lua_newtable(L);
  ask_push(L);
  lua_setfield(L, -2, "ask");
  ask_push_announce(L);
  lua_setfield(L, -2, "announce");
  lua_pushcfunction(L, l_told);
  lua_setfield(L, -2, "told");
  lua_pushcfunction(L, l_is_before);
  lua_setfield(L, -2, "is_before");
  door_set_all(L, recorded, 0);
  lua_pushboolean(L, shared && keep_has_conversations(shared->keep));
  lua_setfield(L, -2, "last");
  return 1;
}
