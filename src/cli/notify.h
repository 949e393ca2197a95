// Notifies the service manager (sd_notify(3)), if there is one.
#ifndef WEMOON_CLI_NOTIFY_H
#define WEMOON_CLI_NOTIFY_H

#include "bot/bot.h"
#include "net/loop.h"

#include <pthread.h>

// Opaque.
typedef struct {
  Loop *loop;
  int64_t every_ms;
  pthread_mutex_t mutex;
  Bot *bot;  // NULL: it was freed
} Watchdog;

// "READY=1", "STOPPING=1", "RELOADING=1".
void notify_manager(const char *state);
// Sends the manager's watchdog its keep-alive from the loop, as long as the bot is not stalled. Does nothing if the
// manager has no watchdog. `watchdog` outlives the loop.
void notify_watchdog(Watchdog *watchdog, Loop *loop, Bot *bot);
// Call it before the bot is freed: no keep-alive is sent any more.
void notify_watchdog_end(Watchdog *watchdog);

#endif
