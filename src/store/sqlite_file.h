// The file of a SQLite store: opening, its log (-wal), and noticing that either was taken away or replaced.
#ifndef WEMOON_STORE_SQLITE_FILE_H
#define WEMOON_STORE_SQLITE_FILE_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum { SQLITE_FILE_BUSY_MS = 3000, SQLITE_FILE_FORMAT = 2 };

typedef struct {
  sqlite3 *db;
  const char *path;
  dev_t device;
  ino_t file, log;     // which file, and which -wal, was opened
  int frames;          // of the log, after the last commit
  bool log_is_new;     // since the last commit it has begun anew: sqlite_file_mark
  atomic_int shm;      // the -shm, to see who locks it; -1: not open
  int64_t written_us;  // monotonic: the last commit that is not in the file yet; 0: all is in it
} SqliteFile;

// Opens it, and makes it if it is not there. `path` outlives it. A log beside it that belongs to another file
// (a backup was put in its place) is moved aside. ERR_FAILED: `err` says why and what to do; nothing is open.
bool sqlite_file_open(SqliteFile *file, const char *path, Err *err);
void sqlite_file_close(SqliteFile *file);  // one that is not open is allowed
// Whether sqlite_file_open would work now, as far as that is seen without making anything.
bool sqlite_file_would_open(const char *path, Err *err);

// After commits: writes down which file and log belong together, if the log has begun anew.
void sqlite_file_mark(SqliteFile *file);
// Brings what is in the log into the file, which alone is whole then. True too if another process is in the
// way: try again.
bool sqlite_file_checkpoint(SqliteFile *file, Err *err);

typedef enum {
  SQLITE_FILE_SAME,
  SQLITE_FILE_GONE,      // deleted
  SQLITE_FILE_REPLACED,  // another file has its name
  SQLITE_FILE_LOG_GONE,  // the -wal was deleted or replaced
} SqliteFileState;
SqliteFileState sqlite_file_look(const SqliteFile *file);
// Closes a file that is gone or replaced, and takes its log out of the way of the next one.
void sqlite_file_abandon(SqliteFile *file);

// Whether no other process has it open. From any thread; false while it is not known.
bool sqlite_file_is_alone(const SqliteFile *file);

// What a result code of SQLite means for this file; returns false.
bool sqlite_file_explain(const char *path, int code, Err *err);

#endif
