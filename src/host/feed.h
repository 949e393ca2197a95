// A feed passes notes, such as log lines and reloads, from the process to a script that waits for them. Any thread may
// put in a note, whatever locks the thread holds: the feed's functions never wait and never log. When the feed is full,
// the oldest notes are dropped.
#ifndef WEMOON_HOST_FEED_H
#define WEMOON_HOST_FEED_H

#include "base/str.h"

typedef struct Feed Feed;

Feed *feed_new(void);  // NULL without memory
// Call it after the interpreter that reads the feed was freed and no thread puts in notes any more. NULL is allowed.
void feed_free(Feed *feed);
// Puts in a note with a copy of `text`. `kind` is a static string that the reader knows ("error", "reload").
void feed_put(Feed *feed, const char *kind, Str text);

#endif
