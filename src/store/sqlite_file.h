// The file of a SQLite store: opens it, checkpoints its log (-wal), and notices when either was deleted or replaced.
#ifndef WEMOON_STORE_SQLITE_FILE_H
#define WEMOON_STORE_SQLITE_FILE_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  SQLITE_FILE_FORMAT = 2,
  // How long a call waits for another program that has the file locked: all calls wait behind it.
  SQLITE_FILE_BUSY_MS = 800
};

typedef struct {
  sqlite3 *db;
  const char *path;
  dev_t device;
  ino_t file, log;  // which file, and which -wal, was opened
  int frames;       // of the log, after the last commit
  bool log_is_new;  // the log was reset since the last commit: sqlite_file_mark
  atomic_int shm;   // the -shm, to see which processes lock it; -1: not open
  int64_t
      written_us;  // monotonic: the last commit that is not in the file yet; 0: the file is complete
} SqliteFile;

// Opens the file, and creates it if it is missing. `path` outlives it. A log that belongs to another file (somebody
// restored a backup) is moved aside. ERR_FAILED: `err` has the reason and the remedy, and nothing is open.
bool sqlite_file_open(SqliteFile *file, const char *path, Err *err);
void sqlite_file_close(SqliteFile *file);  // allowed if it is not open
// Whether sqlite_file_open would work now, as far as can be seen without creating anything.
bool sqlite_file_would_open(const char *path, Err *err);

// After commits: if the log was reset, records which file and log belong together.
void sqlite_file_mark(SqliteFile *file);
// Copies the log into the file, which is then complete by itself. `truncate` empties the log; otherwise later writes
// reuse its space, which costs less. True also if another process prevents it: try again.
bool sqlite_file_checkpoint(SqliteFile *file, bool truncate, Err *err);

typedef enum {
  SQLITE_FILE_SAME,
  SQLITE_FILE_GONE,      // deleted
  SQLITE_FILE_REPLACED,  // another file has its name
  SQLITE_FILE_LOG_GONE,  // the -wal was deleted or replaced
} SqliteFileState;
// Looks whether the open file and its log are still the ones of the path. Costs two stat calls.
SqliteFileState sqlite_file_look(const SqliteFile *file);
// Closes a file that is gone or replaced, and moves its log out of the way of the next one.
void sqlite_file_abandon(SqliteFile *file);

// Whether no other process has it open. From any thread; false while that is unknown.
bool sqlite_file_is_alone(const SqliteFile *file);

// Describes a result code of SQLite in `err`; returns false.
bool sqlite_file_explain(const char *path, int code, Err *err);

#endif
