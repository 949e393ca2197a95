// host.kept: answers that are kept until their user's next message (script/kept_answers.h).
//   on: whether answers are kept; if not, put and end_others raise
//   put(openid, identity, list, promised) -> true, or nil and the reason. Keeps the pieces of an answer, each packed
//     (script/packed_reply.h), in place of its promise
//   end_others(openid, identity) -> whether there were any, or nil and the reason. Deletes the kept answers and promises
//     of the user's other messages
//   settle(openid, identity): forgets the promise or answer, which was sent in another way
#include "host/libs.h"

#include "engine/boxed.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/wait.h"
#include "script/context.h"
#include "script/kept_answers.h"

enum { PIECES_MAX = 64 };

static KeptAnswers *kept_of(lua_State *L) {
  BotShared *shared = script_context(L)->options->shared;
  return shared ? shared->kept : NULL;
}

static int push_kept(lua_State *L, void *kept) {
  if (!kept) return luaL_pushfail(L), lua_pushliteral(L, "the store is away"), 2;
  lua_pushboolean(L, true);
  return 1;
}

static void on_kept(void *ctx, bool kept) { wait_finish(ctx, push_kept, NULL, kept ? ctx : NULL); }

// Reads the list at index 3. Its strings stay on the stack.
static size_t take_pieces(lua_State *L, Str *pieces) {
  size_t count = 0;
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checkstack(L, PIECES_MAX, "a kept answer");
  while (count < PIECES_MAX && lua_rawgeti(L, 3, (lua_Integer)count + 1) == LUA_TSTRING) {
    pieces[count++] = lua_str(L, -1);
  }
  return count;
}

static int l_put(lua_State *L) {
  KeptAnswers *kept = kept_of(L);
  Str pieces[PIECES_MAX], openid = lua_str(L, 1), identity = lua_str(L, 2);
  KeptAnswersPut put = { .identity = identity, .promised = lua_toboolean(L, 4), .packed = pieces };
  if (!kept) method_raise(L, "answers are not kept here");
  put.count = take_pieces(L, pieces);
  Wait *wait = wait_begin(L, "a kept answer");
  if (kept_answers_put(kept, openid, &put, on_kept, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  raise_no_memory(L);
}

static int push_ended(lua_State *L, void *any) {
  lua_pushboolean(L, any != NULL);
  return 1;
}

static void on_ended(void *ctx, bool worked, bool any) {
  if (worked) wait_finish(ctx, push_ended, NULL, any ? ctx : NULL);
  else on_kept(ctx, false);
}

static int l_end_others(lua_State *L) {
  KeptAnswers *kept = kept_of(L);
  if (!kept) method_raise(L, "answers are not kept here");
  Str openid = lua_str(L, 1), identity = lua_str(L, 2);
  Wait *wait = wait_begin(L, "the end of kept answers");
  if (kept_answers_end_others_once(kept, openid, identity, on_ended, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  raise_no_memory(L);
}

static int l_settle(lua_State *L) {
  KeptAnswers *kept = kept_of(L);
  if (kept && !door_is_replaying(L)) kept_answers_end(kept, lua_str(L, 1), lua_str(L, 2));
  return 0;
}

static const DoorFunction recorded[] = {
  // DOOR_READS, since a repeated put changes nothing, even if the user has the answer by now (kept_edit_put).
  { "a kept answer", "put", l_put, DOOR_READS, NULL },
  { "the end of kept answers", "end_others", l_end_others, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

int lib_kept(lua_State *L) {
  lua_newtable(L);
  door_set_all(L, recorded, 0);
  lua_pushcfunction(L, l_settle);
  lua_setfield(L, -2, "settle");
  lua_pushboolean(L, kept_of(L) != NULL);
  lua_setfield(L, -2, "on");
  return 1;
}
