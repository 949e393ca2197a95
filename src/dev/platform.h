// The simulated platform: an HTTP handler that runs lua/platform/init.lua in an interpreter of its own. It serves the
// platform's API, /sim/... (the control API) and /console.
#ifndef WEMOON_DEV_PLATFORM_H
#define WEMOON_DEV_PLATFORM_H

#include "base/log.h"
#include "net/server.h"
#include "script/interpreter.h"

typedef struct Platform Platform;

typedef struct {
  const Account *account;  // its one account, whose token and keys it signs and seals with
  const char *base;        // its own address: "http://127.0.0.1:8080"
  const char *callback;    // where the bot is; NULL: nowhere
  const char *script;      // the file of the bot in this process; NULL
  const char *reference;   // the data of /reference (docs/init.lua); NULL: no such page
  const char *faults;      // switched on from the start: "slow=3000,fail=45009"; NULL: none
  const char *
      account_kind;  // whose rights the account has: a name of lua/platform/account_kinds.lua; NULL: all
  bool stored;       // the state is kept in `store`
  // Lists the files of the bot's script, which the console shows and saves; NULL: there is no script.
  bool (*files)(void *ctx, Arena *arena, Pairs *files);
  void *files_ctx;
  struct Loop *loop;
  // Moves the process's time forward; NULL: not possible. As in InterpreterOptions.
  void (*advance)(void *ctx, int64_t us, void (*goes_on)(void *call), void *call);
  void *advance_ctx;
  struct Client *client;
  struct Store *store;
} PlatformOptions;

// Everything that the options point to outlives it. NULL with the reason: ERR_USAGE for unknown faults or kinds of
// account.
Platform *platform_new(const PlatformOptions *options, Err *err);
// For server_start.
HttpHandler platform_handler(Platform *platform);
// Notifies it of events in the process: a line of the log, a load of the bot's script (`error` NULL: it worked). Any
// thread, with any locks held; does not block.
void platform_note(Platform *platform, LogLevel level, Str text);
void platform_note_load(Platform *platform, const char *error);
// A message's script failed (InterpreterOptions.on_failure).
void platform_note_failure(Platform *platform, Str openid, Str error);
// A message reached the bot, or was answered (BotOptions.on_message); somebody else may have sent it.
void platform_note_message(Platform *platform, Str document);
void platform_note_answer(Platform *platform, Str openid, Str reply);
// These users follow the account: openids, a line each.
void platform_note_followers(Platform *platform, Str openids);
// Whether no page runs; how many requests wait for a page that sleeps; and when the next one goes on (monotonic;
// INT64_MAX: none does).
bool platform_is_quiet(Platform *platform);
size_t platform_serving(Platform *platform);
int64_t platform_next_timer_us(Platform *platform);
// Call it after clock_advance, to wake timers.
void platform_wake(Platform *platform);
// Call it after the server has stopped. False if something is stuck: then end the process. NULL is allowed.
bool platform_free(Platform *platform);

#endif
