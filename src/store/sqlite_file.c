// SQLite knows its log by name alone: a backup that is moved over a database whose -wal was left behind has
// that log laid over it, and passes the integrity check. So each log begins with a mark, a row that names the
// log, its file and the mark before it; a log whose mark does not fit the file is not used.
#include "store/sqlite_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "codec/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_HEADER = 32, SALT_AT = 16, SALT_LEN = 8, OPEN_BUSY_MS = 3000, CHECKPOINT_BUSY_MS = 100 };

// ---- faults -------------------------------------------------------------------------------------

bool sqlite_file_explain(const char *path, int code, Err *err) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return err_set(
          err, ERR_BUSY,
          "store: %s is locked by another program: end that program or give this one a file of its "
          "own (--store sqlite:PATH)",
          path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return err_set(
          err, ERR_FAILED,
          "store: %s cannot be written: give this user the right to write the file and its folder",
          path);
    case SQLITE_FULL:
      return err_set(err, ERR_FAILED,
                     "store: %s cannot grow: the disk is full: free space on it, or name a file on "
                     "another disk (--store sqlite:PATH)",
                     path);
    case SQLITE_NOTADB:
      return err_set(err, ERR_FAILED,
                     "store: %s is not a SQLite database: name another file (--store sqlite:PATH), "
                     "or move this one away",
                     path);
    case SQLITE_CORRUPT:
      return err_set(err, ERR_FAILED,
                     "store: %s is damaged: move it away, and a new one is created", path);
    case SQLITE_CANTOPEN:
      return err_set(err, ERR_FAILED,
                     "store: %s cannot be opened: check that its folder exists and can be written",
                     path);
    case SQLITE_NOMEM: return err_set(err, ERR_MEMORY, "store: no memory for %s", path);
    default: return err_set(err, ERR_FAILED, "store: %s: %s", path, sqlite3_errstr(code));
  }
}

static bool folder_is_there(const char *path) {
  char folder[PATH_MAX];
  return snprintf(folder, sizeof folder, "%.*s.", STR_FMT(file_folder(path))) <
             (int)sizeof folder &&
         access(folder, F_OK) == 0;
}

// A folder of the kernel's, as /proc, is there and has ENOENT for a new file.
static bool refuse_file(const char *path, int code, Err *err) {
  const char *mend = code == ENOENT && folder_is_there(path)
                         ? ": no file can be created in its folder"
                     : code == ENOENT ? ": its folder does not exist, create it first"
                     : code == EACCES || code == EROFS
                         ? ": give this user the right to write the file and its folder"
                     : code == EISDIR ? ": name a file in it (--store sqlite:FOLDER/wemoon.db)"
                                      : "";
  return err_set(err, ERR_FAILED, "store: %s cannot be opened for writing: %s%s", path,
                 strerror(code), mend);
}

// ---- before it is opened ------------------------------------------------------------------------

static bool refuse_newer(const char *path, int format, Err *err) {
  return err_set(
      err, ERR_FAILED,
      "store: %s was written by a newer wemoon (format %d, this one knows %d): start that "
      "version, or name another file (--store sqlite:PATH)",
      path, format, SQLITE_FILE_FORMAT);
}

// Checks the first bytes, which include the number of the format (user_version). An empty file becomes a database.
static bool is_our_database(const char *path, Err *err) {
  enum { HEAD = 100, FORMAT_AT = 60 };
  static const char magic[] = "SQLite format 3";
  unsigned char head[HEAD];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof head);
  if (fd >= 0) close(fd);
  if (got == 0) return true;
  if (got != HEAD || memcmp(head, magic, sizeof magic) != 0)
    return sqlite_file_explain(path, SQLITE_NOTADB, err);
  const unsigned char *at = head + FORMAT_AT;
  int format = (int)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
  return format <= SQLITE_FILE_FORMAT || refuse_newer(path, format, err);
}

// Whether it may be a database: no folder, no device, and no pipe, which to open would wait.
static bool may_be_database(const char *path, Err *err) {
  struct stat info;
  if (stat(path, &info) != 0 || S_ISREG(info.st_mode)) return true;
  return S_ISDIR(info.st_mode) ? refuse_file(path, EISDIR, err)
                               : sqlite_file_explain(path, SQLITE_NOTADB, err);
}

bool sqlite_file_would_open(const char *path, Err *err) {
  if (!file_would_open(path)) return refuse_file(path, errno, err);
  if (access(path, F_OK) != 0) return true;
  if (access(path, R_OK) != 0) return refuse_file(path, errno, err);
  return may_be_database(path, err) && is_our_database(path, err);
}

// Made before SQLite opens it, so that no other user can read it even for a moment; the log files beside it
// get the same rights. One that is there is not opened: to close it would end the locks that another connection
// of this process has on it.
static bool make_file(const char *path, Err *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  else if (errno != EEXIST) return refuse_file(path, errno, err);
  if (access(path, R_OK | W_OK) != 0) return refuse_file(path, errno, err);
  return may_be_database(path, err);
}

// ---- the log's mark -----------------------------------------------------------------------------

// "SALT PREVIOUS OWN FILE LOG": the log's own salt, the mark of the log before and its own, both random, and the
// numbers of the two files.
typedef struct {
  uint64_t salt, previous, own, file, log;
} Mark;

#define MARK_KEY "'h:log'"

// It is safe to open and close the log: SQLite's locks are on the -shm and the file.
static bool read_salt(const char *log, uint64_t *salt) {
  unsigned char head[LOG_HEADER];
  int fd = open(log, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t got = pread(fd, head, sizeof head, 0);
  close(fd);
  if (got == (ssize_t)sizeof head) memcpy(salt, head + SALT_AT, SALT_LEN);
  return got == (ssize_t)sizeof head;
}

static bool read_mark(sqlite3 *db, Mark *mark) {
  sqlite3_stmt *statement = NULL;
  *mark = (Mark){ .salt = 0 };
  sqlite3_prepare_v2(
      db, "SELECT CAST(value AS TEXT) FROM wemoon_store WHERE key = CAST(" MARK_KEY " AS BLOB)", -1,
      &statement, NULL);
  bool there = statement && sqlite3_step(statement) == SQLITE_ROW;
  there = there && sscanf((const char *)sqlite3_column_text(statement, 0),
                          "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNu64 " %" SCNu64, &mark->salt,
                          &mark->previous, &mark->own, &mark->file, &mark->log) == 5;
  sqlite3_finalize(statement);
  return there;
}

static bool log_path(const char *path, const char *end, char out[PATH_MAX]) {
  return snprintf(out, PATH_MAX, "%s%s", path, end) < PATH_MAX;
}

static ino_t number_of(const char *path, const char *end, dev_t *device) {
  char name[PATH_MAX];
  struct stat info;
  if (!log_path(path, end, name) || stat(name, &info) != 0) return 0;
  if (device) *device = info.st_dev;
  return info.st_ino;
}

// Opens one connection after the other, each closed again. `how` is appended to the file's name.
static bool read_mark_of(const char *path, bool with_log, Mark *mark) {
  char name[PATH_MAX + 32];
  sqlite3 *db = NULL;
  int persist = 1;
  // In a URI '?' and '#' end the name, and '%' begins an escape.
  bool plain = strpbrk(path, "?#%") == NULL;
  snprintf(name, sizeof name, with_log ? "file:%s" : "file:%s?immutable=1", path);
  int flags = SQLITE_OPEN_URI | (with_log ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  bool found = plain && sqlite3_open_v2(name, &db, flags, NULL) == SQLITE_OK;
  if (found) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    found = read_mark(db, mark);
  }
  sqlite3_close(db);
  return found;
}

// Whether another process has the database open: it locks a byte of the -shm, `fd`.
static bool is_locked(int fd) {
  enum { SHM_ALIVE = 128 };
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHM_ALIVE, .l_len = 1 };
  return fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static int open_shm(const char *path) {
  char name[PATH_MAX];
  return log_path(path, "-shm", name) ? open(name, O_RDWR | O_CLOEXEC) : -1;
}

// Only while this process has not opened it: closing a descriptor would release SQLite's locks.
static bool is_in_use(const char *path) {
  int fd = open_shm(path);
  if (fd < 0) return false;
  bool used = is_locked(fd);
  close(fd);
  return used;
}

// For a moment, while the store is being mended, the descriptor may be another file's: the answer counts for one
// message.
bool sqlite_file_is_alone(const SqliteFile *file) {
  int fd = atomic_load_explicit(&file->shm, memory_order_relaxed);
  return fd >= 0 && !is_locked(fd);
}

// A file and a log that were copied together have new inode numbers and still belong together.
static bool is_foreign(const char *path, const char *log) {
  Mark seen, alone;
  uint64_t salt;
  if (!read_salt(log, &salt) || !read_mark_of(path, true, &seen) || seen.salt != salt) return false;
  if (!read_mark_of(path, false, &alone)) alone.own = 0;
  if (alone.own != seen.previous && alone.own != seen.own) return true;
  return seen.file != number_of(path, "", NULL) && seen.log == number_of(path, "-wal", NULL);
}

static void move_foreign_log_aside(const char *path) {
  char log[PATH_MAX], shm[PATH_MAX], aside[PATH_MAX];
  struct stat info;
  if (!log_path(path, "-wal", log) || !log_path(path, "-shm", shm) ||
      !log_path(path, "-wal.stray", aside))
    return;
  if (stat(log, &info) != 0 || info.st_size <= LOG_HEADER || is_in_use(path)) return;
  if (!is_foreign(path, log)) return;
  if (rename(log, aside) != 0) return;
  unlink(shm);
  log_warn("store: %s was put in the place of another file, whose log was still there: the log was "
           "moved to %s, and is not used",
           path, aside);
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int frames) {
  SqliteFile *file = ctx;
  if (frames <= file->frames || file->frames == 0) file->log_is_new = true;
  file->frames = frames;
  file->written_us = clock_now_us();
  return SQLITE_OK;
}

// A log without a mark counts as the file's own, as SQLite has it.
void sqlite_file_mark(SqliteFile *file) {
  char log[PATH_MAX], text[400];
  uint64_t salt, own;
  Mark mark;
  if (!file->log_is_new || !log_path(file->path, "-wal", log)) return;
  file->log_is_new = false;
  if (file->log == 0) file->log = number_of(file->path, "-wal", NULL);
  read_mark(file->db, &mark);
  if (!read_salt(log, &salt) || mark.salt == salt) return;
  if (!digest_random(&own, sizeof own)) return;
  snprintf(text, sizeof text,
           "INSERT OR REPLACE INTO wemoon_store VALUES (CAST(" MARK_KEY " AS BLOB), CAST('%" PRIx64
           " %" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "' AS BLOB), 0)",
           salt, mark.own, own, (uint64_t)file->file,
           (uint64_t)number_of(file->path, "-wal", NULL));
  sqlite3_exec(file->db, text, NULL, NULL, NULL);
}

// ---- opening and closing ------------------------------------------------------------------------

static int read_format(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  int format = 0;
  if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    format = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return format;
}

// Version 0.1 wrote no format number.
static bool check_format(SqliteFile *file, Err *err) {
  char text[48];
  int format = read_format(file->db);
  if (format > SQLITE_FILE_FORMAT) return refuse_newer(file->path, format, err);
  snprintf(text, sizeof text, "PRAGMA user_version = %d", SQLITE_FILE_FORMAT);
  int code =
      format < SQLITE_FILE_FORMAT ? sqlite3_exec(file->db, text, NULL, NULL, NULL) : SQLITE_OK;
  return code == SQLITE_OK || sqlite_file_explain(file->path, code, err);
}

// New values go to the end of the table, whatever their keys, and only the small entries of the index on the keys are
// in order: a commit writes fewer pages than into a table in the order of the keys (WITHOUT ROWID), as earlier files
// have it.
static const char schema[] =
    "PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS wemoon_store (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, "
    "expires INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS wemoon_store_expires ON wemoon_store (expires) WHERE expires > 0;";

static bool set_up(SqliteFile *file, Err *err) {
  int code =
      sqlite3_open_v2(file->path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK) return sqlite_file_explain(file->path, code, err);
  sqlite3_busy_timeout(file->db, OPEN_BUSY_MS);
  // The change to the log mode does not wait for other processes that start at the same moment: so this does.
  int64_t until = clock_now_ms() + OPEN_BUSY_MS;
  do {
    code = sqlite3_exec(file->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(file->db, schema, NULL, NULL, NULL);
  } while ((code & 0xff) == SQLITE_BUSY && clock_now_ms() < until && usleep(5000) == 0);
  if (code == SQLITE_OK && sqlite3_db_readonly(file->db, "main") == 1) code = SQLITE_READONLY;
  if (code != SQLITE_OK) return sqlite_file_explain(file->path, code, err);
  return check_format(file, err);
}

// Other threads may call sqlite_file_is_alone meanwhile.
static void begin(SqliteFile *file, const char *path) {
  atomic_store(&file->shm, -1);
  file->db = NULL;
  file->path = path;
  file->file = file->log = 0;
  file->frames = 0;
  file->log_is_new = false;
}

bool sqlite_file_open(SqliteFile *file, const char *path, Err *err) {
  begin(file, path);
  if (!make_file(path, err)) return false;
  move_foreign_log_aside(path);
  if (!set_up(file, err)) {
    sqlite_file_close(file);
    return false;
  }
  file->file = number_of(path, "", &file->device);
  file->log = number_of(path, "-wal", NULL);
  file->written_us = clock_now_us();  // the log may hold writes of a previous process
  sqlite3_busy_timeout(file->db, SQLITE_FILE_BUSY_MS);
  sqlite3_wal_hook(file->db, on_commit, file);
  file->shm = open_shm(path);
  return true;
}

// Closes the -shm's descriptor last, because that releases the locks on it.
void sqlite_file_close(SqliteFile *file) {
  sqlite3_close(file->db);
  int shm = file->db ? atomic_exchange(&file->shm, -1) : -1;
  if (shm >= 0) close(shm);
  file->db = NULL;
}

// ---- while it is open ---------------------------------------------------------------------------

bool sqlite_file_checkpoint(SqliteFile *file, bool truncate, Err *err) {
  int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
  int64_t written_us = file->written_us;
  sqlite3_busy_timeout(file->db, CHECKPOINT_BUSY_MS);
  int code = sqlite3_wal_checkpoint_v2(file->db, NULL, mode, NULL, NULL);
  sqlite3_busy_timeout(file->db, SQLITE_FILE_BUSY_MS);
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return true;
  if (code != SQLITE_OK) return sqlite_file_explain(file->path, code, err);
  if (truncate && file->written_us == written_us) file->written_us = 0;
  file->frames = 0;
  return true;
}

SqliteFileState sqlite_file_look(const SqliteFile *file) {
  dev_t device = 0;
  ino_t now = number_of(file->path, "", &device);
  if (now == 0) return SQLITE_FILE_GONE;
  if (now != file->file || device != file->device) return SQLITE_FILE_REPLACED;
  if (file->log == 0) return SQLITE_FILE_SAME;  // nothing has been written yet
  return number_of(file->path, "-wal", NULL) == file->log ? SQLITE_FILE_SAME : SQLITE_FILE_LOG_GONE;
}

static void unlink_if(const char *path, const char *end) {
  char name[PATH_MAX];
  if (log_path(path, end, name)) unlink(name);
}

void sqlite_file_abandon(SqliteFile *file) {
  int persist = 1;
  bool own_log = file->log && number_of(file->path, "-wal", NULL) == file->log;
  sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_file_control(file->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  sqlite_file_close(file);
  if (own_log) unlink_if(file->path, "-wal");
  if (own_log) unlink_if(file->path, "-shm");
}
