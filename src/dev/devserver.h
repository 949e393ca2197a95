// A simulated platform and a bot, in this process or at another address, on one loopback port: the base of `wemoon
// dev`, the prompt and the specs.
//
// Requests for the bot's callback path and its own pages go to the bot; the platform gets the rest, with /sim/... (the
// control API) and /console for itself. A request with another Host header is refused with 403, and so is one to the
// platform from a page of another site.
#ifndef WEMOON_DEV_DEVSERVER_H
#define WEMOON_DEV_DEVSERVER_H

#include "bot/bot.h"

typedef struct DevServer DevServer;

typedef struct {
  ServerOptions server;  // listen: loopback only; port 0: any free one
  const Account
      *account;  // of the bot and the platform; devserver_fill makes a whole one of any settings
  const BotOptions
      *bot;  // without its services, which are filled in here; NULL: no bot in this process
  const char *callback;      // the address of a bot elsewhere; NULL: none
  Str store;                 // the bot's store; empty: the state file, else memory
  const char *state_file;    // keeps the platform's state; NULL: it is not kept
  const char *reference;     // PlatformOptions.reference; NULL: none
  const char *faults;        // "slow=3000,fail=45009"; NULL: none
  const char *account_kind;  // "personal" ...; NULL: a service account with every right
  struct Api *
      api;  // the real platform, which the bot calls instead of the simulated one; NULL: the simulated one
  int64_t api_timeout_ms;
  bool classic_token;
} DevServerOptions;

// Fills in a missing token, appid and appsecret with simulated values, so that a bot without an account can be tried.
void devserver_fill(AccountSettings *settings);

// Everything that the options point to outlives the devserver. NULL with ERR_USAGE (an address that is not loopback, a
// missing bot file, unknown faults) or ERR_FAILED (the port is taken, the script fails ...). One per process at a time:
// it taps the log.
DevServer *devserver_open(const DevServerOptions *options, Err *err);
const char *devserver_url(const DevServer *devserver);  // "http://127.0.0.1:8080"
// The address that callbacks are sent to; empty: none.
const char *devserver_callback(const DevServer *devserver);
// Lends client, store and the simulated platform's API to another interpreter, which must be freed before
// devserver_close.
void devserver_lend(const DevServer *devserver, InterpreterOptions *options);
Bot *devserver_bot(DevServer *devserver);  // NULL: no bot in this process
// Loads the bot's script anew, as bot_reload.
bool devserver_reload(DevServer *devserver, Err *err);
// Ends the bot, and frees its store. False if it is stuck. Nothing may be under way.
bool devserver_end_bot(DevServer *devserver, Err *err);
// Starts the bot anew with an empty store and no memory, for the next test of a spec. Nothing may be under way.
bool devserver_restart(DevServer *devserver, Err *err);
// Starts the bot anew as a process does: with new interpreters and the same store, so that its conversations and what
// it owes go on. Any thread but one of the bot's.
bool devserver_restart_bot(DevServer *devserver, Err *err);
// Users that the platform knows as followers from now on: openids, a line each.
void devserver_followers(DevServer *devserver, Str openids);
// Whether all that is under way waits for time to pass: `posts` are requests for the bot that nobody has answered yet.
// Ask twice, some hundred microseconds apart: what one thread hands to another is seen by neither for a moment.
bool devserver_is_quiet(DevServer *devserver, size_t posts);
// Whether the bot has also logged and counted what it has answered: a client has its answer before that. `posts` as
// above.
bool devserver_has_told(DevServer *devserver, size_t posts);
// Moves the process's time forward and wakes what waits for it.
void devserver_move(DevServer *devserver, int64_t us);
// The same, once calls under way have had some real time to end.
void devserver_advance(DevServer *devserver, int64_t us);
// How far to move next, of `left_us`: to `due_us` (monotonic; INT64_MAX: nothing is due), `least_us` at least.
// `most_us` bounds a move while requests wait, whose deadlines are no timers; INT64_MAX if none do.
int64_t devserver_step_us(int64_t due_us, int64_t left_us, int64_t least_us, int64_t most_us);
// Moves time forward from one thing that is due to the next, so that nothing is missed or times out by the way: before
// each step, what is under way goes on until it waits for time to pass. Calls goes_on(call) once a second. Any thread
// but one of the bot's or the platform's.
void devserver_pass(DevServer *devserver, int64_t us, void (*goes_on)(void *call), void *call);
// Ends a devserver_pass of another thread early, and waits for that.
void devserver_end_passes(DevServer *devserver);
// Stops everything; messages under way have `grace_ms` at most. False if something is stuck: then end the process. NULL
// is allowed.
bool devserver_close(DevServer *devserver, int64_t grace_ms);

#endif
