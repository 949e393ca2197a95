// Notes from the rest of the process to a script that waits for them: log lines, reloads. Any
// thread may put one in, whatever locks it holds, since nothing waits or logs here. When the feed
// is full, the oldest notes are dropped.
#ifndef WEMOON_HOST_FEED_H
#define WEMOON_HOST_FEED_H

#include "base/str.h"

typedef struct Feed Feed;

Feed *feed_new(void);  // NULL without memory
// Call it when the interpreter that reads the feed is gone and no thread puts notes in any more.
// NULL is allowed.
void feed_free(Feed *feed);
// `kind` is a word that the reader knows ("error", "reload").
void feed_put(Feed *feed, const char *kind, Str text);

#endif
