// The SQLite store when its file is removed, replaced, left by a killed process, or copied. sqlite3(1) checks the
// results.
#include "store/store.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_side.h"

static char folder[64], path[100], url[120];
static char lines[4000];  // of the log, and of levels above info

static void note(void *ctx, LogLevel level, Str message) {
  if (level < LOG_WARN || strlen(lines) + message.len + 2 > sizeof lines) return;
  strncat(lines, message.ptr, message.len);
  strcat(lines, "\n");
}

static int set_up(void **state) {
  strcpy(folder, "/tmp/wemoon-file-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/a.db", folder);
  snprintf(url, sizeof url, "sqlite:%s", path);
  lines[0] = '\0';
  log_divert(note, NULL);
  return 0;
}

static int tear_down(void **state) {
  char command[80];
  log_divert(NULL, NULL);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

// Runs a shell command in the folder and returns its output.
static const char *shell(const char *command) {
  static char printed[400];
  char line[600];
  snprintf(line, sizeof line, "cd %s && %s", folder, command);
  FILE *pipe = popen(line, "r");
  size_t len = fread(printed, 1, sizeof printed - 1, pipe);
  while (len > 0 && printed[len - 1] == '\n') len--;
  printed[len] = '\0';
  pclose(pipe);
  return printed;
}

static Store *open_it(void) { return open_at(url); }

static void set(Store *store, const char *key, const char *value) {
  StoreReply *reply =
      call(store, (StoreCall){ .op = STORE_SET, .key = str_of(key), .value = str_of(value) });
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  store_reply_free(reply);
}

static bool has(Store *store, const char *key) {
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = str_of(key) });
  bool ok = reply->ok && reply->err.code == ERR_NONE;
  store_reply_free(reply);
  return ok;
}

// Sets a value that ends at once.
static void expire(Store *store, const char *key) {
  StoreCall one = { .op = STORE_SET, .key = str_of(key), .value = STR("v"), .ttl_ms = 1 };
  store_reply_free(call(store, one));
  usleep(3000);
  assert_false(has(store, key));
}

static const char *keys(Store *store) {
  static char listed[200];
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_LIST, .key = STR("") });
  listed[0] = '\0';
  for (Str rest = reply->value, key; store_reply_next_key(&rest, &key);) {
    strncat(listed, key.ptr, key.len);
    strcat(listed, " ");
  }
  store_reply_free(reply);
  return listed;
}

static bool said(const char *word) { return strstr(lines, word) != NULL; }

static void wait_until_said(const char *word) {
  int64_t until = clock_now_ms() + 5000;
  while (!said(word) && clock_now_ms() < until) usleep(20000);
  if (!said(word)) fail_msg("\"%s\" was not said within 5 s, but: %s", word, lines);
}

static size_t count_lines(void) {
  size_t count = 0;
  for (const char *at = lines; (at = strchr(at, '\n')); at++) count++;
  return count;
}

// Waits until the file alone is whole.
static bool becomes_whole(int64_t within_ms) {
  int64_t end_ms = clock_now_ms() + within_ms;
  while (strcmp(shell("stat -c %s a.db-wal"), "0") != 0 && clock_now_ms() < end_ms) usleep(50000);
  return strcmp(shell("stat -c %s a.db-wal"), "0") == 0;
}

#define COUNT "'select count(*) from wemoon_store where cast(key as text) like \"o:%\"'"

// ---- file ---------------------------------------------------------------------------------------

static void test_five_seconds_after_the_last_write_the_file_alone_is_whole(void **state) {
  Store *store = open_it();
  for (int i = 0; i < 100; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%d", i);
    set(store, key, "v");
  }
  assert_string_equal(shell("cp a.db early.db; sqlite3 early.db .tables"), "");
  assert_true(becomes_whole(5000));
  assert_string_equal(shell("cp a.db copy.db; sqlite3 copy.db " COUNT), "100");
  assert_string_equal(shell("sqlite3 copy.db 'pragma integrity_check'"), "ok");
  set(store, "later", "v");
  assert_true(has(store, "k99"));
  store_close(store);
  assert_int_equal(count_lines(), 0);
}

// ---- removed files ------------------------------------------------------------------------------

static void test_a_deleted_file_is_noticed_and_made_anew(void **state) {
  Store *store = open_it();
  set(store, "before", "v");
  shell("rm a.db");
  wait_until_said("a.db was deleted while in use: a new, empty file was created");
  assert_false(has(store, "before"));
  set(store, "after", "v");
  assert_true(has(store, "after"));
  assert_true(store_healthy(store, NULL));
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db " COUNT), "1");
  assert_int_equal(count_lines(), 1);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_a_dropped_table_is_noticed_and_made_anew(void **state) {
  Store *store = open_it();
  set(store, "before", "v");
  assert_string_equal(shell("sqlite3 a.db '.timeout 5000' 'drop table wemoon_store' 2>&1"), "");
  assert_false(has(store, "before"));
  wait_until_said("a.db was dropped while in use: a new, empty one was created");
  set(store, "after", "v");
  assert_true(has(store, "after"));
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db " COUNT), "1");
}

static void test_everything_deleted_is_no_different(void **state) {
  Store *store = open_it();
  set(store, "before", "v");
  shell("rm a.db*");
  wait_until_said("was deleted while in use");
  set(store, "after", "v");
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db " COUNT), "1");
}

static void test_a_replaced_file_is_used_from_then_on(void **state) {
  Store *store = open_it();
  set(store, "saved", "v");
  shell("sqlite3 a.db '.backup b.db'");
  set(store, "unsaved", "v");
  shell("mv b.db a.db");
  wait_until_said("a.db was replaced while in use: the new file is used from now on");
  assert_true(has(store, "saved"));
  assert_false(has(store, "unsaved"));
  set(store, "after", "v");
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db 'pragma integrity_check'"), "ok");
  assert_string_equal(shell("sqlite3 a.db " COUNT), "2");
}

static void test_a_log_that_was_taken_away_costs_nothing(void **state) {
  Store *store = open_it();
  set(store, "before", "v");
  shell("rm a.db-wal");
  wait_until_said("a.db-wal was deleted or replaced while in use: nothing is lost");
  set(store, "after", "v");
  assert_true(has(store, "before"));
  // The files as kill -9 would leave them.
  assert_string_equal(shell("cp a.db c.db; cp a.db-wal c.db-wal; sqlite3 c.db " COUNT), "2");
  store_close(store);
  assert_int_equal(count_lines(), 1);
}

static void test_a_folder_that_is_gone_fails_calls_until_it_is_back(void **state) {
  snprintf(path, sizeof path, "%s/in/a.db", folder);
  snprintf(url, sizeof url, "sqlite:%s", path);
  shell("mkdir in");
  Store *store = open_it();
  set(store, "before", "v");
  shell("rm -r in");
  wait_until_said("its folder does not exist, create it first");
  Err err;
  assert_false(store_healthy(store, &err));
  StoreReply *reply =
      call(store, (StoreCall){ .op = STORE_SET, .key = STR("lost"), .value = STR("v") });
  assert_int_equal(reply->err.code, ERR_FAILED);
  assert_non_null(strstr(reply->err.text, "its folder does not exist"));
  store_reply_free(reply);
  sleep(2);
  assert_int_equal(count_lines(), 1);
  shell("mkdir in");
  wait_until_said("a new, empty file was created");
  set(store, "after", "v");
  assert_true(store_healthy(store, NULL));
  store_close(store);
}

// ---- killed processes ---------------------------------------------------------------------------

// In a forked process, where an assertion that fails would go on with the parent's tests.
static bool works(Store *store, StoreCall what) {
  StoreReply *reply = store_call_wait(store, &what, NULL);
  bool good = reply && reply->err.code == ERR_NONE;
  store_reply_free(reply);
  return good;
}

static bool works_for_all(Store *store, StoreCall what) {
  bool good = true;
  for (int i = 0; good && i < 200; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%d", i);
    what.key = str_of(key);
    good = works(store, what);
  }
  return good;
}

static bool fill(Store *store, bool checkpointed) {
  if (!store || !works_for_all(store, (StoreCall){ .op = STORE_SET, .value = STR("v") }))
    return false;
  if (checkpointed && !becomes_whole(60000)) return false;
  shell("sqlite3 a.db '.backup b.db'");
  return works_for_all(store, (StoreCall){ .op = STORE_DELETE });
}

// Runs a process that fills the store, saves it to b.db, deletes all keys, and is killed.
static void fill_and_be_killed(bool checkpointed) {
  pid_t child = fork();
  if (child == 0) {
    if (fill(store_open(str_of(url), NULL), checkpointed)) kill(getpid(), SIGKILL);
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  assert_string_not_equal(shell("stat -c %s a.db-wal"), "0");
}

static void finds_what_was_restored(void) {
  Store *store = open_it();
  assert_true(said("a.db was put in the place of another file"));
  assert_true(has(store, "k0") && has(store, "k199"));
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db " COUNT), "200");
  assert_string_equal(shell("sqlite3 a.db 'pragma integrity_check'"), "ok");
  assert_string_equal(shell("ls a.db-wal.stray"), "a.db-wal.stray");
}

static void test_a_log_left_beside_a_restored_backup_is_moved_aside(void **state) {
  fill_and_be_killed(false);
  shell("mv b.db a.db");
  finds_what_was_restored();
}

static void test_that_holds_for_a_backup_of_just_before_the_log(void **state) {
  fill_and_be_killed(true);
  shell("mv b.db a.db");
  finds_what_was_restored();
}

static void test_that_holds_for_an_older_backup_copied_over_the_file(void **state) {
  Store *store = open_it();
  set(store, "first", "v");
  store_close(store);
  shell("cp a.db older.db");
  fill_and_be_killed(true);
  shell("cp older.db a.db");
  store = open_it();
  assert_true(said("was put in the place of another file"));
  assert_true(has(store, "first"));
  assert_false(has(store, "k0"));
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db 'pragma integrity_check'"), "ok");
}

static void test_after_a_kill_the_file_s_own_log_counts(void **state) {
  fill_and_be_killed(true);
  Store *store = open_it();
  assert_false(has(store, "k0"));
  store_close(store);
  assert_int_equal(count_lines(), 0);
  assert_string_equal(shell("sqlite3 a.db " COUNT), "0");
}

static void test_file_and_log_that_were_copied_together_belong_together(void **state) {
  fill_and_be_killed(true);
  shell("mkdir to; cp a.db a.db-wal to; rm a.db*; mv to/a.db to/a.db-wal .");
  Store *store = open_it();
  assert_false(has(store, "k0"));
  store_close(store);
  assert_int_equal(count_lines(), 0);
}

// ---- formats ------------------------------------------------------------------------------------

static void test_a_store_of_version_0_1_is_read_and_gets_a_number(void **state) {
  shell("sqlite3 a.db \"create table wemoon_store (key blob primary key, value blob not null, "
        "expires "
        "integer not null) without rowid; insert into wemoon_store values (cast('o:k' as blob), "
        "cast('v' as blob), 0)\"");
  Store *store = open_it();
  assert_true(has(store, "k"));
  set(store, "k", "w");
  set(store, "l", "v");
  expire(store, "m");
  assert_string_equal(keys(store), "k l ");
  store_close(store);
  assert_string_equal(shell("sqlite3 a.db 'pragma user_version'"), "2");
}

static void test_a_store_of_a_newer_version_is_refused(void **state) {
  store_close(open_it());
  shell("sqlite3 a.db 'pragma user_version = 3'");
  Err err;
  assert_null(store_open(str_of(url), &err));
  assert_int_equal(err.code, ERR_FAILED);
  assert_non_null(strstr(err.text, "was written by a newer wemoon (format 3, this one knows 2)"));
}

static bool is_there(void) { return access(path, F_OK) == 0; }

static Store *open_late(void) {
  Err err = { 0 };
  Store *store = store_open_with(&(StoreOptions){ .url = str_of(url), .create_late = true }, &err);
  if (!store) fail_msg("%s", err.text);
  return store;
}

static void test_a_file_that_is_created_late_is_created_with_the_first_value(void **state) {
  Store *store = open_late();
  assert_int_equal(store_company(store), STORE_MET);  // unknown
  assert_false(has(store, "k"));
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_DELETE, .key = STR("k") });
  assert_true(!reply->ok && reply->err.code == ERR_NONE);
  store_reply_free(reply);
  usleep(1200000);  // a tick
  assert_false(is_there());
  set(store, "k", "v");
  assert_true(is_there() && has(store, "k"));
  store_close(store);
  assert_int_equal(count_lines(), 0);
}

static void test_a_late_file_that_another_process_created_is_read(void **state) {
  Store *store = open_late();
  assert_false(has(store, "k"));
  Store *other = open_it();
  set(other, "k", "v");
  assert_true(has(store, "k"));
  store_close(other);
  store_close(store);
}

static void test_a_late_file_in_a_missing_folder_is_refused_at_once(void **state) {
  Err err = { 0 };
  char away[140];
  snprintf(away, sizeof away, "sqlite:%s/none/a.db", folder);
  assert_null(store_open_with(&(StoreOptions){ .url = str_of(away), .create_late = true }, &err));
  assert_non_null(strstr(err.text, "its folder does not exist"));
}

// ---- two processes ------------------------------------------------------------------------------

static void test_two_processes_on_one_file_lose_nothing_to_each_other_s_checkpoints(void **state) {
  pid_t children[2];
  for (int c = 0; c < 2; c++) {
    children[c] = fork();
    if (children[c]) continue;
    Store *store = open_it();
    for (int64_t end = clock_now_ms() + 4000; clock_now_ms() < end; usleep(300))
      store_reply_free(call(store, (StoreCall){ .op = STORE_INCR, .key = STR("n"), .by = 1 }));
    store_reply_free(call(
        store, (StoreCall){ .op = STORE_SET, .key = str_of(c ? "a" : "b"), .value = STR("1") }));
    store_close(store);
    _exit(lines[0] ? 1 : 0);
  }
  for (int c = 0; c < 2; c++) {
    int status;
    waitpid(children[c], &status, 0);
    assert_int_equal(status, 0);
  }
  assert_string_equal(shell("sqlite3 a.db " COUNT), "3");
  assert_string_equal(shell("sqlite3 a.db 'pragma integrity_check'"), "ok");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_five_seconds_after_the_last_write_the_file_alone_is_whole),
    TEST(test_a_deleted_file_is_noticed_and_made_anew),
    TEST(test_a_dropped_table_is_noticed_and_made_anew),
    TEST(test_everything_deleted_is_no_different),
    TEST(test_a_replaced_file_is_used_from_then_on),
    TEST(test_a_log_that_was_taken_away_costs_nothing),
    TEST(test_a_folder_that_is_gone_fails_calls_until_it_is_back),
    TEST(test_a_log_left_beside_a_restored_backup_is_moved_aside),
    TEST(test_that_holds_for_a_backup_of_just_before_the_log),
    TEST(test_that_holds_for_an_older_backup_copied_over_the_file),
    TEST(test_after_a_kill_the_file_s_own_log_counts),
    TEST(test_file_and_log_that_were_copied_together_belong_together),
    TEST(test_a_store_of_version_0_1_is_read_and_gets_a_number),
    TEST(test_a_store_of_a_newer_version_is_refused),
    TEST(test_a_file_that_is_created_late_is_created_with_the_first_value),
    TEST(test_a_late_file_that_another_process_created_is_read),
    TEST(test_a_late_file_in_a_missing_folder_is_refused_at_once),
    TEST(test_two_processes_on_one_file_lose_nothing_to_each_other_s_checkpoints),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
