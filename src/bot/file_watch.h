// Whether a file of the script changed since it was loaded.
#ifndef WEMOON_BOT_FILE_WATCH_H
#define WEMOON_BOT_FILE_WATCH_H

#include "bot/pool.h"

typedef struct FileWatch FileWatch;

FileWatch *file_watch_new(Pool *pool);   // NULL without memory; the pool outlives it
void file_watch_free(FileWatch *files);  // NULL is allowed
// Checks all files that the pool names, right after a load and from time to time. True if a file
// differs from what was loaded and none has changed since the last check.
bool file_watch_changed(FileWatch *files);

#endif
