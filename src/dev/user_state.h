// Serves /sim/bot for the console: what the bot in this process keeps about a user, and its script's keys in the store.
#ifndef WEMOON_DEV_USER_STATE_H
#define WEMOON_DEV_USER_STATE_H

#include "bot/bot.h"

typedef struct {
  Bot *bot;
  Store *store;         // the bot's
  const char *account;  // account_name
} UserState;

// For HttpRoute.handle, on a thread that may wait. GET, with `user` (an openid) and `prefix` in the query, is answered
// with a JSON object:
//   now            Unix seconds
//   lasting        whether the store outlives the process: in memory nothing is owed
//   session        as JSON text, quota: the record of lua/wechat/quota.lua; missing if there is none
//   conversations, owed, kept   of that user (open_json.h)
//   talks          the user's talks with models, as keys
//   keys           [{key, value: JSON text}, ...]: the first hundred that begin with the prefix; a long value is cut,
//   and
//                  `bytes` is its length
//   more           whether there are further ones
// POST takes {"delete": KEY}, {"end": OPENID} (the conversation) or {"forget": OPENID} and is answered with {"ok":
// true}; 404 if there is nothing of that name.
void user_state_answer(const UserState *state, HttpRequest *request);
enum { USER_STATE_BODY_MAX = 8192 };

#endif
