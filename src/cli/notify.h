// What a service manager is told (sd_notify(3)); nothing if there is none.
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
  Bot *bot;  // NULL: it has ended
} Watchdog;

// "READY=1", "STOPPING=1", "RELOADING=1".
void notify_manager(const char *state);
// From now on, on the loop's thread, tells the manager in time that the process works, as long as the bot can
// be asked and the loop runs. Nothing where the manager does not watch.
// `watchdog` outlives the loop.
void notify_watchdog(Watchdog *watchdog, Loop *loop, Bot *bot);
// The bot is about to be freed: the manager is told no more.
void notify_watchdog_end(Watchdog *watchdog);

#endif
