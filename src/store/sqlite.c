// The store in a SQLite file: write-ahead log, one transaction per batch, shared by the processes of one
// machine.
#include "store/backend.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
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

static void bind_bytes(sqlite3_stmt *statement, int index, Str s) {
  if (index <= sqlite3_bind_parameter_count(statement))
    sqlite3_bind_blob64(statement, index, s.len ? s.ptr : "", s.len, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *statement, int index, int64_t number) {
  if (index <= sqlite3_bind_parameter_count(statement))
    sqlite3_bind_int64(statement, index, number);
}

// One step of a statement for a job (NULL: none). SQLITE_ROW leaves it open: reset it after reading. False:
// `err` says why.
static bool step(Sqlite *sqlite, int index, const StoreJob *job, Str value, int *code, Err *err) {
  sqlite3_stmt *statement = prepare(sqlite, index, err);
  if (!statement) return false;
  bind_number(statement, 2, sqlite->now_ms);
  if (job) {
    bind_bytes(statement, 1, job->key);
    bind_bytes(statement, 3, value);
    bind_number(statement, 4, job->call.ttl_ms ? sqlite->now_ms + job->call.ttl_ms : 0);
    bind_bytes(statement, 5, job->call.expected);
  }
  *code = sqlite3_step(statement);
  if (*code == SQLITE_ROW) return true;
  sqlite3_reset(statement);
  return *code == SQLITE_DONE ? true : explain(sqlite, *code, err);
}

static bool get(Sqlite *sqlite, StoreJob *job) {
  int code;
  if (!step(sqlite, SQL_GET, job, (Str){ 0 }, &code, &job->reply.err)) return false;
  if (code != SQLITE_ROW) return true;
  sqlite3_stmt *statement = sqlite->statements[SQL_GET];
  const void *bytes = sqlite3_column_blob(statement, 0);
  store_job_value(job, str_make(bytes, (size_t)sqlite3_column_bytes(statement, 0)));
  sqlite3_reset(statement);
  return true;
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

// Made beforehand, so that nobody else can read it even for a moment; the log files beside it get the same
// rights.
static bool make_file(const char *path, Err *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) {
    close(fd);
    return true;
  }
  const char *mend = errno == ENOENT ? ": its folder is not there, make it first"
                     : errno == EACCES || errno == EROFS
                         ? ": give this user the right to write the file and its folder"
                         : "";
  return err_set(err, ERR_FAILED, "store: %s cannot be opened for writing: %s%s", path,
                 strerror(errno), mend);
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

static void *sqlite_open(Str rest, Err *err) {
  if (rest.len == 0) {
    err_set(err, ERR_USAGE, "store: sqlite: needs a file name, as in sqlite:wemoon.db");
    return NULL;
  }
  Sqlite *sqlite = calloc(1, sizeof(*sqlite) + rest.len + 1);
  if (!sqlite) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  memcpy(sqlite->path, rest.ptr, rest.len);
  if (make_file(sqlite->path, err) && set_up(sqlite, err)) return sqlite;
  sqlite_close(sqlite);
  return NULL;
}

const StoreBackend store_sqlite = { "sqlite", sqlite_open, sqlite_run, sqlite_tidy, sqlite_close };
