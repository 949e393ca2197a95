// Whether a file of the script changed since it was loaded.
#ifndef WEMOON_BOT_FILE_WATCH_H
#define WEMOON_BOT_FILE_WATCH_H

#include "bot/pool.h"

typedef struct FileWatch FileWatch;

FileWatch *file_watch_new(Pool *pool);   // NULL without memory; the pool outlives it
void file_watch_free(FileWatch *files);  // NULL is allowed
// Looks at all files that the pool names, at once after a load and from time to time. True when one of them
// is another than was read, and all of them have been the same since the last look.
bool file_watch_changed(FileWatch *files);

#endif
