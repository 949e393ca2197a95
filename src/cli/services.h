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

// The store if the configuration names none: sqlite:wemoon.db beside the script; without a script, in the working
// directory.
typedef enum {
  STORE_BESIDE_SCRIPT,  // creates the file if it is missing
  STORE_MUST_EXIST,     // fails if the file is missing
  STORE_IF_IT_OPENS,  // creates the file with its first value; in memory, with a warning, if it cannot be opened
  STORE_IF_IT_EXISTS,  // in memory if the file is missing
  STORE_NOWHERE        // in memory, whatever the configuration says
} StorePlace;

// Starts the loop thread and opens the services as configured. Counts calls of the platform in `metrics`, which may be
// NULL. False, with nothing left open, if something cannot be opened (ERR_USAGE: the configuration).
bool services_open(Services *services, const Config *config, const Account *account,
                   const char *script, StorePlace place, struct Metrics *metrics, Err *err);
// Call it after the interpreters that use it were freed.
void services_close(Services *services);
// Opens only the store of the bot whose script or configuration is `beside`; NULL with the reason.
Store *services_open_store(const Config *config, const Account *account, const char *beside,
                           StorePlace place, Err *err);
// Appends the path of that store's SQLite file; nothing if it has none.
bool services_store_file(const Config *config, const char *beside, Buf *path, Err *err);
// Whether the store of STORE_BESIDE_SCRIPT would open now; creates nothing.
bool services_store_would_open(const Config *config, const char *script, Err *err);
// Lends the services to an interpreter.
void services_lend(const Services *services, InterpreterOptions *options);

#endif
