// The store in a SQLite file: write-ahead log, one transaction per batch, shared by the processes of one
// machine.
#include "store/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  TIDY_US = 10 * 1000 * 1000,
  SETTLE_US = 1500 * 1000,  // after this time without a write the log is copied into the file
  LOG_MAX = 2000,           // frames: a longer log is copied at once
  // After a call that waited for another program's lock in vain, the next ones wait less: a message makes several.
  LOCKED_US = 3000 * 1000,
  LOCKED_BUSY_MS = 100,
};

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
  SQL_LIST,
  SQL_HAS,
  SQL_MOVE,
  SQL_DROP,
  SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
  [SQL_GET] = "SELECT value, expires FROM wemoon_store WHERE key = ?1 AND " ALIVE,
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
  // ?1 to ?5: the first key, and the first one after the last; ?4: how many, -1: all. It reads no values, only the
  // indexes on the keys and on what has expired.
  [SQL_LIST] = "SELECT key FROM wemoon_store WHERE key >= ?1 AND key < ?5 AND key NOT IN "
               "(SELECT key FROM wemoon_store WHERE expires > 0 AND expires <= ?2) "
               "ORDER BY key LIMIT ?4",
  // ?1 the key, ?3 the old one
  [SQL_HAS] = "SELECT 1 FROM wemoon_store WHERE key = ?3",
  [SQL_MOVE] = "UPDATE OR IGNORE wemoon_store SET key = ?1 WHERE key = ?3 AND " ALIVE,
  [SQL_DROP] = "DELETE FROM wemoon_store WHERE key = ?3",
};

static const int text_of[] = {
  [STORE_GET] = SQL_GET,         [STORE_SET] = SQL_SET,      [STORE_ADD] = SQL_ADD,
  [STORE_DELETE] = SQL_DELETE,   [STORE_SWAP] = SQL_SWAP,    [STORE_LEASE] = SQL_LEASE,
  [STORE_RELEASE] = SQL_RELEASE, [STORE_INCR] = SQL_REPLACE,
};

typedef struct {
  SqliteFile file;
  sqlite3_stmt *statements[SQL_COUNT];
  int64_t now_ms;
  int64_t tidy_us;          // when expired keys are deleted next
  bool table_gone;          // another program dropped it
  int64_t locked_until_us;  // 0: no call has waited in vain for a lock
  bool is_late;             // the file is missing, and is created with the first value
  Err why;                  // the reason if there is no file
  char path[];
} Sqlite;

static bool explain(Sqlite *sqlite, int code, Err *err) {
  if (code == SQLITE_ERROR && strstr(sqlite3_errmsg(sqlite->file.db), "no such table"))
    sqlite->table_gone = true;
  if ((code & 0xff) == SQLITE_BUSY) sqlite->locked_until_us = clock_now_us() + LOCKED_US;
  return sqlite_file_explain(sqlite->path, code, err);
}

static sqlite3_stmt *prepare(Sqlite *sqlite, int index, Err *err) {
  sqlite3_stmt **statement = &sqlite->statements[index];
  if (!*statement) {
    int code = sqlite3_prepare_v3(sqlite->file.db, texts[index], -1, SQLITE_PREPARE_PERSISTENT,
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

// Makes one step of a statement, for a job or NULL. After SQLITE_ROW the statement is open: reset it after reading.
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

// False if it failed; a missing value is no failure.
static bool get(Sqlite *sqlite, StoreJob *job) {
  int code;
  if (!step(sqlite, SQL_GET, job, (Str){ 0 }, &code, &job->reply.err)) return false;
  if (code != SQLITE_ROW) return true;
  // Without memory for a value, SQLite gives an empty one.
  sqlite3_stmt *statement = sqlite->statements[SQL_GET];
  const void *bytes = sqlite3_column_blob(statement, 0);
  if (!bytes && sqlite3_errcode(sqlite->file.db) == SQLITE_NOMEM)
    sqlite_file_explain(sqlite->path, SQLITE_NOMEM, &job->reply.err);
  else store_job_value(job, str_make(bytes, (size_t)sqlite3_column_bytes(statement, 0)));
  job->reply.expires_ms = sqlite3_column_int64(statement, 1);
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

enum { FULL_KEY_MAX = STORE_KEY_MAX + STORE_PREFIX_MAX + 1 };

// Returns the first key that can be on the page of `job`: `prefix`, or else the first one after call.after, made in
// `bytes`. `prefix` is that of the space and call.key.
static Str first_of_page(const StoreJob *job, Str prefix, char bytes[FULL_KEY_MAX]) {
  Str space = str_sub(prefix, 0, prefix.len - job->call.key.len), after = job->call.after;
  if (after.len == 0) return prefix;
  memcpy(bytes, space.ptr, space.len);
  memcpy(bytes + space.len, after.ptr, after.len);
  bytes[space.len + after.len] = '\0';
  Str first = str_make(bytes, space.len + after.len + 1);
  return str_compare(first, prefix) > 0 ? first : prefix;
}

static Str end_of(Str prefix, char bytes[FULL_KEY_MAX]) {
  size_t len = prefix.len;
  memcpy(bytes, prefix.ptr, len);
  while ((unsigned char)bytes[len - 1] == 0xff) len--;
  bytes[len - 1]++;
  return str_make(bytes, len);
}

// Begins the statement that lists the page's keys.
static bool bind_page(Sqlite *sqlite, StoreJob *job, Str prefix, sqlite3_stmt **statement) {
  char first[FULL_KEY_MAX], end[FULL_KEY_MAX];
  int64_t limit = job->call.limit ? job->call.limit : -1;
  *statement = prepare(sqlite, SQL_LIST, &job->reply.err);
  if (!*statement) return false;
  Str from = first_of_page(job, prefix, first), to = end_of(prefix, end);
  int code = bind_number(*statement, 2, sqlite->now_ms);
  if (code == SQLITE_OK)
    code = sqlite3_bind_blob64(*statement, 1, from.ptr, from.len, SQLITE_TRANSIENT);
  if (code == SQLITE_OK)
    code = sqlite3_bind_blob64(*statement, 5, to.ptr, to.len, SQLITE_TRANSIENT);
  if (code == SQLITE_OK) code = bind_number(*statement, 4, limit);
  return code == SQLITE_OK || sqlite_file_explain(sqlite->path, code, &job->reply.err);
}

// The keys that begin with `prefix`. No prefix is empty, and none begins with the last byte there is.
static bool list(Sqlite *sqlite, StoreJob *job, Str prefix) {
  sqlite3_stmt *statement;
  bool ok = bind_page(sqlite, job, prefix, &statement);
  int code = ok ? sqlite3_step(statement) : SQLITE_DONE;
  while (ok && code == SQLITE_ROW) {
    Str key =
        str_make(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    ok = store_job_key(job, prefix, key);
    code = sqlite3_step(statement);
  }
  if (statement) sqlite3_reset(statement);
  if (!ok) return false;
  return code == SQLITE_DONE || explain(sqlite, code, &job->reply.err);
}

static bool list_all(Sqlite *sqlite, StoreJob *job) {
  if (!list(sqlite, job, job->key)) return false;
  for (int i = 0; i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len && !list(sqlite, job, job->old_keys[i])) return false;
  }
  return true;
}

// Moves the value of an older version's key to the current key, unless that is set.
static bool move_old(Sqlite *sqlite, StoreJob *job, Str old) {
  int code;
  Err *err = &job->reply.err;
  if (old.len == 0) return true;
  if (!step(sqlite, SQL_HAS, job, old, &code, err)) return false;
  if (code != SQLITE_ROW) return true;
  sqlite3_reset(sqlite->statements[SQL_HAS]);
  return step(sqlite, SQL_MOVE, job, old, &code, err) &&
         step(sqlite, SQL_DROP, job, old, &code, err);
}

static bool run_one(Sqlite *sqlite, StoreJob *job) {
  if (job->call.op == STORE_LIST) return list_all(sqlite, job);
  for (int i = 0; i < STORE_OLD_KEYS; i++) {
    if (!move_old(sqlite, job, job->old_keys[i])) return false;
  }
  if (job->call.op == STORE_GET) return get(sqlite, job);
  if (job->call.op == STORE_INCR) return incr(sqlite, job);
  int code;
  if (!step(sqlite, text_of[job->call.op], job, job->call.value, &code, &job->reply.err))
    return false;
  job->reply.ok = sqlite3_changes(sqlite->file.db) > 0;
  return true;
}

// A batch is rolled back as a whole, so each of its calls failed.
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

static void run_all(Sqlite *sqlite, StoreJob *first) {
  if (!first->next && first->call.op != STORE_INCR) {
    run_one(sqlite, first);
    return;
  }
  Err err = { 0 };
  if (run_in_transaction(sqlite, first, &err)) return;
  if (!sqlite3_get_autocommit(sqlite->file.db))
    sqlite3_exec(sqlite->file.db, "ROLLBACK", NULL, NULL, NULL);
  fail_all(first, &err);
}

static bool stores_value(const StoreJob *job) {
  StoreOp op = job->call.op;
  return op == STORE_SET || op == STORE_ADD || op == STORE_INCR || op == STORE_LEASE;
}

// Whether the calls need the file: one stores a value, or another process has created the file. Without it they find
// nothing, which their replies say already.
static bool needs_file(const Sqlite *sqlite, const StoreJob *first) {
  for (; first; first = first->next) {
    if (stores_value(first)) return true;
  }
  return access(sqlite->path, F_OK) == 0;
}

static void sqlite_run(void *self, StoreJob *first) {
  Sqlite *sqlite = self;
  sqlite->now_ms = clock_unix_ms();
  if (sqlite->is_late && !needs_file(sqlite, first)) return;
  if (sqlite->is_late)
    sqlite->is_late = !sqlite_file_open(&sqlite->file, sqlite->path, &sqlite->why);
  if (!sqlite->file.db) {
    fail_all(first, &sqlite->why);
    return;
  }
  bool locked = sqlite->locked_until_us && clock_now_us() < sqlite->locked_until_us;
  if (locked) sqlite3_busy_timeout(sqlite->file.db, LOCKED_BUSY_MS);
  run_all(sqlite, first);
  if (locked) sqlite3_busy_timeout(sqlite->file.db, SQLITE_FILE_BUSY_MS);
  sqlite_file_mark(&sqlite->file);
  // The next tick tries again and reports a failure.
  if (sqlite->file.frames > LOG_MAX) sqlite_file_checkpoint(&sqlite->file, false, NULL);
}

// Does not wait for locks of other processes; a log that is to be copied into the file is left to the store's thread.
static bool sqlite_at_once(void *self, StoreJob *job) {
  Sqlite *sqlite = self;
  SqliteFile *file = &sqlite->file;
  StoreOp op = job->call.op;
  if (!file->db || file->frames > LOG_MAX || op == STORE_LIST || op == STORE_INCR) return false;
  sqlite->now_ms = clock_unix_ms();
  sqlite3_busy_timeout(file->db, 0);
  int64_t locked_until_us = sqlite->locked_until_us;
  bool done = run_one(sqlite, job);
  sqlite->locked_until_us = locked_until_us;  // it did not wait
  sqlite3_busy_timeout(file->db, SQLITE_FILE_BUSY_MS);
  sqlite_file_mark(file);
  if (done) return true;
  free((char *)job->reply.value.ptr);
  job->reply = (StoreReply){ .ok = false };
  return false;
}

// ---- looking after the file ---------------------------------------------------------------------

static void end_statements(Sqlite *sqlite) {
  for (int i = 0; i < SQL_COUNT; i++) {
    sqlite3_finalize(sqlite->statements[i]);
    sqlite->statements[i] = NULL;
  }
}

static bool reopen(Sqlite *sqlite) {
  return sqlite_file_open(&sqlite->file, sqlite->path, &sqlite->why);
}

// Its content is still available in the unlinked log.
static bool mend_log(Sqlite *sqlite) {
  if (!sqlite_file_checkpoint(&sqlite->file, true, &sqlite->why)) return false;
  if (sqlite->file.written_us) return true;  // another process prevented it: next time
  end_statements(sqlite);
  sqlite_file_close(&sqlite->file);
  if (!reopen(sqlite)) return false;
  log_warn(
      "store: %s-wal was deleted or replaced while in use: nothing is lost, a new one was created",
      sqlite->path);
  return true;
}

static bool mend_table(Sqlite *sqlite) {
  sqlite->table_gone = false;
  end_statements(sqlite);
  sqlite_file_close(&sqlite->file);
  if (!reopen(sqlite)) return false;
  log_warn("store: the table of %s was dropped while in use: a new, empty one was created",
           sqlite->path);
  return true;
}

static bool mend_file(Sqlite *sqlite, bool replaced) {
  if (sqlite->file.db) {
    end_statements(sqlite);
    sqlite_file_abandon(&sqlite->file);
  }
  if (!reopen(sqlite)) return false;
  if (replaced)
    log_warn("store: %s was replaced while in use: the new file is used from now on", sqlite->path);
  else log_warn("store: %s was deleted while in use: a new, empty file was created", sqlite->path);
  return true;
}

static bool look_after(Sqlite *sqlite) {
  SqliteFile *file = &sqlite->file;
  SqliteFileState state = file->db ? sqlite_file_look(file) : SQLITE_FILE_GONE;
  if (state == SQLITE_FILE_LOG_GONE) return mend_log(sqlite);
  if (state != SQLITE_FILE_SAME) return mend_file(sqlite, state == SQLITE_FILE_REPLACED);
  if (sqlite->table_gone) return mend_table(sqlite);
  int64_t idle_us = clock_now_us() - file->written_us;
  if (file->written_us == 0 || (idle_us < SETTLE_US && file->frames <= LOG_MAX)) return true;
  return sqlite_file_checkpoint(file, idle_us >= SETTLE_US, &sqlite->why);
}

static bool delete_expired(Sqlite *sqlite) {
  int code;
  sqlite->now_ms = clock_unix_ms();
  sqlite->tidy_us = clock_now_us() + TIDY_US;
  bool ok = step(sqlite, SQL_TIDY, NULL, (Str){ 0 }, &code, &sqlite->why);
  sqlite_file_mark(&sqlite->file);
  return ok;
}

static bool sqlite_tick(void *self, Err *err) {
  Sqlite *sqlite = self;
  if (sqlite->is_late) return true;
  bool ok = look_after(sqlite);
  if (ok && clock_now_us() >= sqlite->tidy_us) ok = delete_expired(sqlite);
  if (!ok && err) *err = sqlite->why;
  return ok;
}

static void sqlite_close(void *self) {
  Sqlite *sqlite = self;
  end_statements(sqlite);
  sqlite_file_close(&sqlite->file);
  free(sqlite);
}

// ---- opening ------------------------------------------------------------------------------------

static Str path_of(Str url) { return str_sub(url, strlen("sqlite:"), url.len); }

static bool sqlite_check(Str url, Err *err) {
  Str path = path_of(url);
  if (path.len == 0)
    return err_set(err, ERR_USAGE, "sqlite: needs a file name: write sqlite:wemoon.db");
  if (str_eq(path, STR(":memory:")))  // SQLite's own name for a database in memory
    return err_set(err, ERR_USAGE,
                   "sqlite: needs a file name; for a store in memory write memory:");
  return true;
}

static Sqlite *new_handle(Str path, Err *err) {
  Sqlite *sqlite = calloc(1, sizeof(*sqlite) + path.len + 1);
  if (!sqlite) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  memcpy(sqlite->path, path.ptr, path.len);
  atomic_init(&sqlite->file.shm, -1);  // 0 would be standard input
  return sqlite;
}

static bool sqlite_probe(Str url, Err *err) {
  Sqlite *sqlite = new_handle(path_of(url), err);
  bool ok = sqlite && sqlite_file_would_open(sqlite->path, err);
  free(sqlite);
  return ok;
}

static void *sqlite_open(const StoreOptions *options, const StorePrefixes *prefixes, Err *err) {
  Sqlite *sqlite = new_handle(path_of(options->url), err);
  if (!sqlite) return NULL;
  if (options->must_exist && access(sqlite->path, F_OK) != 0)
    err_set(err, ERR_FAILED, "store: %s does not exist: no bot has stored anything there",
            sqlite->path);
  else if (options->create_late && access(sqlite->path, F_OK) != 0)
    sqlite->is_late = sqlite_file_would_open(sqlite->path, err);
  else if (sqlite_file_open(&sqlite->file, sqlite->path, err)) return sqlite;
  if (sqlite->is_late) return sqlite;
  sqlite_close(sqlite);
  return NULL;
}

static bool sqlite_is_alone(const void *self) {
  return sqlite_file_is_alone(&((const Sqlite *)self)->file);
}

static const char *const forms[] = { "sqlite:PATH", NULL };

const StoreBackend store_sqlite = {
  .name = "sqlite",
  .page = 1000,
  .forms = forms,
  .shared = true,
  .is_alone = sqlite_is_alone,
  .check = sqlite_check,
  .probe = sqlite_probe,
  .open = sqlite_open,
  .run = sqlite_run,
  .at_once = sqlite_at_once,
  .tick = sqlite_tick,
  .close = sqlite_close,
};
