// Detects whether a file of the script has changed since the load.
#ifndef WEMOON_BOT_FILE_WATCH_H
#define WEMOON_BOT_FILE_WATCH_H

#include "bot/pool.h"

typedef struct FileWatch FileWatch;

FileWatch *file_watch_new(Pool *pool);   // NULL without memory; the pool outlives it
void file_watch_free(FileWatch *files);  // NULL is allowed
// Checks all files of pool_files. Call it right after a load and then from time to time. Returns true if a file differs
// from the loaded one and none has changed since the last check.
bool file_watch_changed(FileWatch *files);

#endif
