// The store in a SQLite file: write-ahead log, one transaction per batch, shared by the processes of one
// machine.
#include "store/backend.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 3000 };

// Parameters everywhere: ?1 key, ?2 now, ?3 value, ?4 expiry (Unix milliseconds, 0: never), ?5 expected
// value.
#define ALIVE "(expires = 0 OR expires > ?2)"
#define INSERT                                                                                     \
  "INSERT INTO wemoon_store (key, value, expires) VALUES (?1, ?3, ?4) "                            \
  "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires"

enum {
  SQL_GET,
  SQL_SET,
  SQL_ADD,
  SQL_REPLACE,
  SQL_DELETE,
  SQL_SWAP,
  SQL_LEASE,
  SQL_RELEASE,
  SQL_TIDY,
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
  [SQL_GET] = "SELECT value FROM wemoon_store WHERE key = ?1 AND " ALIVE,
  [SQL_SET] = INSERT,
  [SQL_ADD] = INSERT " WHERE NOT " ALIVE,
  [SQL_REPLACE] = "UPDATE wemoon_store SET value = ?3 WHERE key = ?1 AND " ALIVE,
  [SQL_DELETE] = "DELETE FROM wemoon_store WHERE key = ?1 AND " ALIVE,
  [SQL_SWAP] =
      "UPDATE wemoon_store SET value = ?3, expires = ?4 WHERE key = ?1 AND value = ?5 AND " ALIVE,
  [SQL_LEASE] = INSERT " WHERE NOT " ALIVE " OR value = excluded.value",
  [SQL_RELEASE] = "DELETE FROM wemoon_store WHERE key = ?1 AND value = ?3 AND " ALIVE,
  [SQL_TIDY] = "DELETE FROM wemoon_store WHERE expires > 0 AND expires <= ?2",
  [SQL_BEGIN] = "BEGIN IMMEDIATE",
  [SQL_COMMIT] = "COMMIT",
};

static const int text_of[] = {
  [STORE_GET] = SQL_GET,         [STORE_SET] = SQL_SET,      [STORE_ADD] = SQL_ADD,
  [STORE_DELETE] = SQL_DELETE,   [STORE_SWAP] = SQL_SWAP,    [STORE_LEASE] = SQL_LEASE,
  [STORE_RELEASE] = SQL_RELEASE, [STORE_INCR] = SQL_REPLACE,
};

typedef struct {
  sqlite3 *db;
  sqlite3_stmt *statements[SQL_COUNT];
  int64_t now_ms;
  char path[];
} Sqlite;

static bool explain(Sqlite *sqlite, int code, Err *err) {
  const char *path = sqlite->path;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return err_set(
          err, ERR_BUSY,
          "store: %s is locked by another program for over %d s: end that program or give this one "
          "a file of its own (--store sqlite:PATH)",
          path, BUSY_MS / 1000);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return err_set(
          err, ERR_FAILED,
          "store: %s cannot be written: give this user the right to write the file and its folder",
          path);
    case SQLITE_FULL:
      return err_set(err, ERR_FAILED, "store: %s cannot grow: the disk is full", path);
    case SQLITE_NOTADB:
      return err_set(err, ERR_FAILED,
                     "store: %s is not a SQLite database: name another file (--store sqlite:PATH) "
                     "or move it away",
                     path);
    case SQLITE_CORRUPT:
      return err_set(err, ERR_FAILED, "store: %s is damaged: move it away, a new one will be made",
                     path);
    case SQLITE_CANTOPEN:
      return err_set(err, ERR_FAILED,
                     "store: %s cannot be opened: see that its folder is there and may be written",
                     path);
    case SQLITE_NOMEM: return err_set(err, ERR_MEMORY, "store: no memory for %s", path);
    default: return err_set(err, ERR_FAILED, "store: %s: %s", path, sqlite3_errstr(code));
  }
}

static sqlite3_stmt *prepare(Sqlite *sqlite, int index, Err *err) {
  sqlite3_stmt **statement = &sqlite->statements[index];
  if (!*statement) {
    int code = sqlite3_prepare_v3(sqlite->db, texts[index], -1, SQLITE_PREPARE_PERSISTENT,
                                  statement, NULL);
    if (code != SQLITE_OK) explain(sqlite, code, err);
  }
  return *statement;
}

static int bind_bytes(sqlite3_stmt *statement, int index, Str s) {
  if (index > sqlite3_bind_parameter_count(statement)) return SQLITE_OK;
  return sqlite3_bind_blob64(statement, index, s.len ? s.ptr : "", s.len, SQLITE_STATIC);
}

static int bind_number(sqlite3_stmt *statement, int index, int64_t number) {
  if (index > sqlite3_bind_parameter_count(statement)) return SQLITE_OK;
  return sqlite3_bind_int64(statement, index, number);
}

static int bind(sqlite3_stmt *statement, int64_t now_ms, const StoreJob *job, Str value) {
  int code = bind_number(statement, 2, now_ms);
  if (!job) return code;
  int64_t expires = job->call.ttl_ms ? now_ms + job->call.ttl_ms : 0;
  if (code == SQLITE_OK) code = bind_bytes(statement, 1, job->key);
  if (code == SQLITE_OK) code = bind_bytes(statement, 3, value);
  if (code == SQLITE_OK) code = bind_number(statement, 4, expires);
  return code == SQLITE_OK ? bind_bytes(statement, 5, job->call.expected) : code;
}

// One step of a statement, for a job or for none (NULL). SQLITE_ROW leaves it open: reset it after reading.
// False if it failed: `err` says why.
static bool step(Sqlite *sqlite, int index, const StoreJob *job, Str value, int *code, Err *err) {
  sqlite3_stmt *statement = prepare(sqlite, index, err);
  if (!statement) return false;
  *code = bind(statement, sqlite->now_ms, job, value);
  if (*code == SQLITE_OK) *code = sqlite3_step(statement);
  if (*code == SQLITE_ROW) return true;
  sqlite3_reset(statement);
  return *code == SQLITE_DONE ? true : explain(sqlite, *code, err);
}

// False if it failed; a value that is not there is no failure.
static bool get(Sqlite *sqlite, StoreJob *job) {
  int code;
  if (!step(sqlite, SQL_GET, job, (Str){ 0 }, &code, &job->reply.err)) return false;
  if (code != SQLITE_ROW) return true;
  // Without memory for a value, SQLite gives an empty one.
  sqlite3_stmt *statement = sqlite->statements[SQL_GET];
  const void *bytes = sqlite3_column_blob(statement, 0);
  if (!bytes && sqlite3_errcode(sqlite->db) == SQLITE_NOMEM)
    explain(sqlite, SQLITE_NOMEM, &job->reply.err);
  else store_job_value(job, str_make(bytes, (size_t)sqlite3_column_bytes(statement, 0)));
  sqlite3_reset(statement);
  return job->reply.ok;
}

static bool incr(Sqlite *sqlite, StoreJob *job) {
  if (!get(sqlite, job)) return false;
  bool there = job->reply.ok;
  char *old = (char *)job->reply.value.ptr;
  bool summed = store_job_sum(job, there ? job->reply.value : STR("0"));
  free(old);
  job->reply.value = (Str){ 0 };
  job->reply.ok = false;
  if (!summed) return true;
  char text[24];
  int code, len = snprintf(text, sizeof(text), "%lld", (long long)job->reply.number);
  if (!step(sqlite, there ? SQL_REPLACE : SQL_SET, job, str_make(text, (size_t)len), &code,
            &job->reply.err))
    return false;
  job->reply.ok = true;
  return true;
}

static bool run_one(Sqlite *sqlite, StoreJob *job) {
  if (job->call.op == STORE_GET) return get(sqlite, job);
  if (job->call.op == STORE_INCR) return incr(sqlite, job);
  int code;
  if (!step(sqlite, text_of[job->call.op], job, job->call.value, &code, &job->reply.err))
    return false;
  job->reply.ok = sqlite3_changes(sqlite->db) > 0;
  return true;
}

// What a batch did is undone as a whole, so each of its calls failed.
static void fail_all(StoreJob *first, const Err *err) {
  for (StoreJob *job = first; job; job = job->next) {
    free((char *)job->reply.value.ptr);
    job->reply = (StoreReply){ .err = *err };
  }
}

static bool run_in_transaction(Sqlite *sqlite, StoreJob *first, Err *err) {
  int code;
  if (!step(sqlite, SQL_BEGIN, NULL, (Str){ 0 }, &code, err)) return false;
  for (StoreJob *job = first; job; job = job->next) {
    if (run_one(sqlite, job)) continue;
    *err = job->reply.err;
    return false;
  }
  return step(sqlite, SQL_COMMIT, NULL, (Str){ 0 }, &code, err);
}

static void sqlite_run(void *self, StoreJob *first) {
  Sqlite *sqlite = self;
  sqlite->now_ms = clock_unix_ms();
  if (!first->next && first->call.op != STORE_INCR) {
    run_one(sqlite, first);
    return;
  }
  Err err = { 0 };
  if (run_in_transaction(sqlite, first, &err)) return;
  if (!sqlite3_get_autocommit(sqlite->db)) sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
  fail_all(first, &err);
}

static void sqlite_tidy(void *self) {
  Sqlite *sqlite = self;
  sqlite->now_ms = clock_unix_ms();
  int code;
  // what could not be deleted now is deleted the next time
  step(sqlite, SQL_TIDY, NULL, (Str){ 0 }, &code, NULL);
}

static void sqlite_close(void *self) {
  Sqlite *sqlite = self;
  for (int i = 0; i < SQL_COUNT; i++) sqlite3_finalize(sqlite->statements[i]);
  sqlite3_close(sqlite->db);
  free(sqlite);
}

// ---- opening ------------------------------------------------------------------------------------

static bool refuse_file(const char *path, int code, Err *err) {
  const char *mend = code == ENOENT ? ": its folder is not there, make it first"
                     : code == EACCES || code == EROFS
                         ? ": give this user the right to write the file and its folder"
                         : "";
  return err_set(err, ERR_FAILED, "store: %s cannot be opened for writing: %s%s", path,
                 strerror(code), mend);
}

// Made before SQLite opens it, so that no other user can read it even for a moment; the log files beside it
// get the same rights.
static bool make_file(const char *path, Err *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return refuse_file(path, errno, err);
  close(fd);
  return true;
}

static bool folder_takes_files(const char *path) {
  char folder[4096] = ".";
  const char *slash = strrchr(path, '/');
  size_t len = slash ? (size_t)(slash - path) + 1 : 1;
  if (len >= sizeof folder) return true;
  if (slash) memcpy(folder, path, len);
  return access(folder, W_OK | X_OK) == 0;
}

// An empty file becomes a database.
static bool is_database(const char *path) {
  static const char magic[] = "SQLite format 3";
  char head[sizeof magic];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t got = read(fd, head, sizeof head);
  close(fd);
  return got == 0 || (got == (ssize_t)sizeof head && memcmp(head, magic, sizeof head) == 0);
}

static bool set_up(Sqlite *sqlite, Err *err) {
  int code =
      sqlite3_open_v2(sqlite->path, &sqlite->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK) return explain(sqlite, code, err);
  sqlite3_busy_timeout(sqlite->db, BUSY_MS);
  static const char schema[] = "PRAGMA synchronous = NORMAL;"
                               "CREATE TABLE IF NOT EXISTS wemoon_store (key BLOB PRIMARY KEY, "
                               "value BLOB NOT NULL, expires INTEGER "
                               "NOT NULL) WITHOUT ROWID;"
                               "CREATE INDEX IF NOT EXISTS wemoon_store_expires ON wemoon_store "
                               "(expires) WHERE expires > 0;";
  // The change to the log mode does not wait for other processes that start at the same moment: so this does.
  int64_t until = clock_now_ms() + BUSY_MS;
  do {
    code = sqlite3_exec(sqlite->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(sqlite->db, schema, NULL, NULL, NULL);
  } while ((code & 0xff) == SQLITE_BUSY && clock_now_ms() < until && usleep(5000) == 0);
  if (code == SQLITE_OK && sqlite3_db_readonly(sqlite->db, "main") == 1) code = SQLITE_READONLY;
  return code == SQLITE_OK ? true : explain(sqlite, code, err);
}

static Str path_of(Str url) { return str_sub(url, strlen("sqlite:"), url.len); }

static Sqlite *new_handle(Str path, Err *err) {
  Sqlite *sqlite = calloc(1, sizeof(*sqlite) + path.len + 1);
  if (sqlite) memcpy(sqlite->path, path.ptr, path.len);
  else err_set(err, ERR_MEMORY, "store: no memory");
  return sqlite;
}

static bool sqlite_check(Str url, Err *err) {
  Str path = path_of(url);
  if (path.len == 0)
    return err_set(err, ERR_USAGE, "sqlite: needs a file name: write sqlite:wemoon.db");
  if (str_eq(path, STR(":memory:")))  // SQLite's own word for it
    return err_set(err, ERR_USAGE,
                   "sqlite: needs a file name; for a store in memory write memory:");
  return true;
}

static bool probe(Sqlite *sqlite, Err *err) {
  struct stat info;
  const char *path = sqlite->path;
  bool there = stat(path, &info) == 0;
  if (!there && (errno != ENOENT || !folder_takes_files(path)))
    return refuse_file(path, errno, err);
  if (there && S_ISDIR(info.st_mode)) return refuse_file(path, EISDIR, err);
  if (there && access(path, R_OK | W_OK) != 0) return refuse_file(path, errno, err);
  return !there || is_database(path) || explain(sqlite, SQLITE_NOTADB, err);
}

static bool sqlite_probe(Str url, Err *err) {
  Sqlite *sqlite = new_handle(path_of(url), err);
  bool ok = sqlite && probe(sqlite, err);
  free(sqlite);
  return ok;
}

static void *sqlite_open(Str url, Err *err) {
  Sqlite *sqlite = new_handle(path_of(url), err);
  if (!sqlite) return NULL;
  if (make_file(sqlite->path, err) && set_up(sqlite, err)) return sqlite;
  sqlite_close(sqlite);
  return NULL;
}

static const char *const forms[] = { "sqlite:PATH", NULL };

const StoreBackend store_sqlite = {
  .name = "sqlite",
  .forms = forms,
  .shared = STORE_SHARES_TIMERS,
  .check = sqlite_check,
  .probe = sqlite_probe,
  .open = sqlite_open,
  .run = sqlite_run,
  .tidy = sqlite_tidy,
  .close = sqlite_close,
};
