// What a script reaches outside: the loop, HTTP, the store, the platform's API; opened and closed in their
// order.
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

// Where the store is when the configuration names none.
typedef enum {
  STORE_BESIDE_SCRIPT,  // sqlite:wemoon.db beside the script (in the working directory where there is no
                        // script)
  STORE_IF_IT_OPENS,  // the same; where that cannot be opened, in memory, with a warning
  STORE_NOWHERE       // in memory: nothing is served, nothing is to stay
} StorePlace;

// Starts the loop thread and opens the rest as configured. False: nothing is open, `err` says why (ERR_USAGE
// for the configuration).
// Calls of the platform are counted in `metrics`, which may be NULL.
bool services_open(Services *services, const Config *config, const Account *account,
                   const char *script, StorePlace place, struct Metrics *metrics, Err *err);
// After the interpreters that use it are gone.
void services_close(Services *services);
// Lends it to an interpreter.
void services_lend(const Services *services, InterpreterOptions *options);

#endif
