// The simulated platform: an HTTP handler whose program is lua/platform/ (init.lua), in an interpreter of its
// own. It answers the platform's API, /sim/... (the control API) and /console.
#ifndef WEMOON_DEV_PLATFORM_H
#define WEMOON_DEV_PLATFORM_H

#include "base/log.h"
#include "net/server.h"
#include "script/interpreter.h"

typedef struct Platform Platform;

typedef struct {
  const Account *account;  // what it signs and seals with, and takes for its one account
  const char *base;        // its own address: "http://127.0.0.1:8080"
  const char *callback;    // where the bot is; NULL: nowhere
  const char *script;      // the bot's file, where it is one of this process; NULL
  const char *reference;   // what /reference is made with (docs/init.lua); NULL: there is none
  const char *faults;      // switched on from the start: "slow=3000,fail=45009"; NULL: none
  const char *
      account_kind;  // whose rights the account has: a name of lua/platform/account_kinds.lua; NULL: all
  bool stored;       // the state is kept in `store`
  int threads;       // of the server
  // Lists the files of the bot's script, which the console shows and saves; NULL: there is none.
  bool (*files)(void *ctx, Arena *arena, Pairs *files);
  void *files_ctx;
  struct Loop *loop;
  void (*advance)(void *ctx, int64_t us);  // moves the process's time forward; NULL: it cannot be
  void *advance_ctx;
  struct Client *client;
  struct Store *store;
} PlatformOptions;

// NULL with the reason: ERR_USAGE for faults and kinds of account that there are not. What the options point to outlives it.
Platform *platform_new(const PlatformOptions *options, Err *err);
// What net/server calls.
HttpHandler platform_handler(Platform *platform);
// Tells it what happens in the process: a line of the log, a load of the bot's script (`error` NULL: it
// worked). Any thread, whatever locks it holds; nothing is waited for.
void platform_note(Platform *platform, LogLevel level, Str text);
void platform_note_load(Platform *platform, const char *error);
// A message's script failed (InterpreterOptions.on_failure).
void platform_note_failure(Platform *platform, Str openid, Str error);
// A message reached the bot, and the answer to one (BotOptions.on_message): it may not be the platform's own.
void platform_note_message(Platform *platform, Str document);
void platform_note_answer(Platform *platform, Str openid, Str reply);
// Time was moved.
void platform_wake(Platform *platform);
// The server has stopped. False when something is stuck: then only the end of the process helps. NULL is
// allowed.
bool platform_free(Platform *platform);

#endif
