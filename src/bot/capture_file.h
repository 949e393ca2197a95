// The file of a capture: appends the lines of batches to it on a thread of its own, and rotates it.
#ifndef WEMOON_BOT_CAPTURE_FILE_H
#define WEMOON_BOT_CAPTURE_FILE_H

#include "base/err.h"
#include "bot/batches.h"

typedef struct CaptureFile CaptureFile;

// As capture_open.
CaptureFile *capture_file_open(const char *path, Err *err);
bool capture_file_would_open(const char *path, Err *err);
// The thread writes what is left and ends; later lines are not written. Call it once.
void capture_file_end(CaptureFile *file);
// After capture_file_end.
void capture_file_free(CaptureFile *file);

// Where lines go, each with its newline.
Batches *capture_file_batches(CaptureFile *file);
// Counts a line that was dropped: batches_open refused it, or there was no memory. Any thread.
void capture_file_count_dropped(CaptureFile *file);

#endif
