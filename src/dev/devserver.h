// A simulated platform and, beside it, a bot of this process or an address where one is, on one loopback
// port: what `wemoon dev`, the prompt and the specs stand on.
//
// Requests for the bot's callback path and for its own pages go to the bot, all others to the platform, which
// has /sim/... (the control API) and /console to itself. Only what was meant for this address is answered: a
// foreign Host header is 403, and so is, but for what goes to the bot, a request that a page of another site
// makes.
#ifndef WEMOON_DEV_DEVSERVER_H
#define WEMOON_DEV_DEVSERVER_H

#include "bot/bot.h"

typedef struct DevServer DevServer;

typedef struct {
  ServerOptions server;  // listen: loopback only; port 0: any free one
  const Account
      *account;  // of the bot and the platform; devserver_fill makes a whole one of any settings
  const BotOptions *bot;  // what it reaches outside is filled in here; NULL: no bot in this process
  const char *callback;   // the address of a bot elsewhere; NULL: none
  Str store;              // the bot's; empty: in the state file, else in memory
  const char *state_file;    // where the platform's state is kept; NULL: nowhere
  const char *reference;     // PlatformOptions.reference; NULL: none
  const char *faults;        // "slow=3000,fail=45009"; NULL: none
  const char *account_kind;  // "personal" ...; NULL: a service account with every right
  struct Api
      *api;  // what the bot calls in place of the simulated platform: the real one; NULL: that one
  int64_t api_timeout_ms;
  bool classic_token;
} DevServerOptions;

// Puts simulated values where an account's token, appid and appsecret are missing, so that a bot without an
// account can be tried.
void devserver_fill(AccountSettings *settings);

// What the options point to outlives the devserver. NULL with ERR_USAGE (an address that is not loopback, a bot
// file that is not there, unknown faults) or ERR_FAILED (the port is taken, the script fails ...). One in a
// process at a time has the log.
DevServer *devserver_open(const DevServerOptions *options, Err *err);
const char *devserver_url(const DevServer *devserver);  // "http://127.0.0.1:8080"
// Where callbacks go; empty: nowhere.
const char *devserver_callback(const DevServer *devserver);
// Lends client, store and API, which is the simulated platform's, to another interpreter: it must be gone
// before devserver_close.
void devserver_lend(const DevServer *devserver, InterpreterOptions *options);
Bot *devserver_bot(DevServer *devserver);  // NULL: there is none in this process
// Loads the bot's script anew; as bot_reload.
bool devserver_reload(DevServer *devserver, Err *err);
// The bot begins anew, with an empty store and nothing remembered (a spec's next test). Nothing is under way.
bool devserver_restart(DevServer *devserver, Err *err);
// Moves the process's time forward and wakes what waits for it.
void devserver_advance(DevServer *devserver, int64_t us);
// Ends all of it, `grace_ms` at most for messages under way. False when something is stuck: then only the end
// of the process helps. NULL is allowed.
bool devserver_close(DevServer *devserver, int64_t grace_ms);

#endif
