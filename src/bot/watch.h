// The watcher's three threads. The first reloads the script when one of its files has changed; it uses stat(2), so
// renames, links and network file systems all work. The second replaces interpreters that are stuck or full, and gives
// memory back. The third keeps deadlines: it answers for requests whose thread is stuck, and renews this process's
// claims and leases in a shared store.
#ifndef WEMOON_BOT_WATCH_H
#define WEMOON_BOT_WATCH_H

#include "bot/notices.h"
#include "bot/timer_leader.h"
#include "bot/peers.h"
#include "bot/overdue.h"
#include "bot/pool.h"
#include "bot/webhook.h"

enum { WATCH_TICK_MS = 150 };  // a change counts once the file has not changed for one tick

typedef struct Watch Watch;

// The watched objects, all of which outlive the watcher.
typedef struct {
  Pool *pool;
  BotShared *shared;
  Webhook *webhook;
  Overdue *overdue;
  Dedupe *dedupe;
  Peers *peers;         // NULL: none
  TimerLeader *leader;  // NULL: none
  Notices *notices;     // NULL: none
  bool files;           // changed files cause a reload
} Watched;

// Starts the watcher. Returns NULL without memory or thread.
Watch *watch_start(const Watched *watched, Err *err);
void watch_stop(Watch *watch);  // waits for its threads; NULL is allowed

#endif
