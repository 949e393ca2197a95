// Notes from the rest of the process to a script that waits for them: lines of the log, reloads. Any thread
// puts one in, whatever locks it holds: nothing is waited for, nothing is logged, and when too many lie there
// the oldest go.
#ifndef WEMOON_HOST_FEED_H
#define WEMOON_HOST_FEED_H

#include "base/str.h"

typedef struct Feed Feed;

Feed *feed_new(void);  // NULL without memory
// When the interpreter that reads it is gone and nothing is put in any more. NULL is allowed.
void feed_free(Feed *feed);
// `kind` is a word that the reader knows ("error", "reload").
void feed_put(Feed *feed, const char *kind, Str text);

#endif
