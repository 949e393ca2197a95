// The services that a script uses: the loop, HTTP, the store, the platform's API; opened and closed in order.
#ifndef WEMOON_CLI_SERVICES_H
#define WEMOON_CLI_SERVICES_H

#include "api/api.h"
#include "cli/config.h"

typedef struct {
  Loop *loop;
  Client *client;
  Store *store;
  Api *api;
} Services;

// Where the store is if the configuration names none.
typedef enum {
  STORE_BESIDE_SCRIPT,  // sqlite:wemoon.db beside the script; without a script, in the working directory
  STORE_MUST_EXIST,   // the same; a SQLite file that is not there is not made
  STORE_IF_IT_OPENS,  // the same; if that cannot be opened, in memory, with a warning
  STORE_NOWHERE       // in memory, whatever the configuration says: nothing is served or kept
} StorePlace;

// Starts the loop thread and opens the rest as configured. Calls of the platform are counted in `metrics`,
// which may be NULL. False if something cannot be opened: then nothing is (ERR_USAGE: the configuration).
bool services_open(Services *services, const Config *config, const Account *account,
                   const char *script, StorePlace place, struct Metrics *metrics, Err *err);
// After the interpreters that use it are gone.
void services_close(Services *services);
// The store alone, as the bot beside whose script or configuration `beside` is has it; NULL with the reason. With
// `must_exist` no SQLite file is made.
Store *services_open_store(const Config *config, const Account *account, const char *beside,
                           bool must_exist, Err *err);
// Whether the store of STORE_BESIDE_SCRIPT would open now; makes nothing.
bool services_store_would_open(const Config *config, const char *script, Err *err);
// Lends them to an interpreter.
void services_lend(const Services *services, InterpreterOptions *options);

#endif
