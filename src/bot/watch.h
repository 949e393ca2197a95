// The watcher: one thread reloads when a file of the script changed, one has interpreters replaced that are stuck or
// full, another keeps times: it answers for requests whose thread is stuck, and prolongs what this process holds in a
// shared store. The first asks with stat(2), so that renames, links and network file systems are all the same to
// it.
#ifndef WEMOON_BOT_WATCH_H
#define WEMOON_BOT_WATCH_H

#include "bot/forgotten.h"
#include "bot/timer_leader.h"
#include "bot/peers.h"
#include "bot/overdue.h"
#include "bot/pool.h"

enum { WATCH_TICK_MS = 150 };  // a change counts once the file has not changed for one tick

typedef struct Watch Watch;

// What is watched, all of which outlives the watcher.
typedef struct {
  Pool *pool;
  BotShared *shared;
  Overdue *overdue;
  Peers *peers;          // NULL: none
  TimerLeader *leader;   // NULL: none
  Forgotten *forgotten;  // NULL: none
  bool files;            // changed files cause a reload
} Watched;

// NULL without memory or thread.
Watch *watch_start(const Watched *watched, Err *err);
void watch_stop(Watch *watch);

#endif
