// The watcher: one thread reloads when a file of the script changed and has a stuck interpreter replaced,
// another answers for requests whose thread is stuck. The first asks with stat(2), so that renames, links and
// network file systems are all the same to it.
#ifndef WEMOON_BOT_WATCH_H
#define WEMOON_BOT_WATCH_H

#include "bot/rescue.h"
#include "bot/slot.h"

enum { WATCH_TICK_MS = 150 };  // a change is acted on when it stood still for one tick

typedef struct Watch Watch;

// `files`: whether changed files cause a reload. NULL without memory or thread.
Watch *watch_start(Slot *slot, Rescue *rescue, bool files, Err *err);
void watch_stop(Watch *watch);

#endif
