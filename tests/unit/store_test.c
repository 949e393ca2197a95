// One suite for the three stores; then tests of each store.
#include "store/store.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_side.h"

static char folder[] = "/tmp/wemoon-store-XXXXXX";
static int redis_port;

// ---- redis-server of the test -------------------------------------------------------------------

static bool answers(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  bool good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
  close(fd);
  return good;
}

static void start_redis(void) {
  char port[16];
  snprintf(port, sizeof(port), "%d", redis_port);
  redis_pid = fork();
  if (redis_pid == 0) {
    int quiet = open("/dev/null", O_RDWR);
    dup2(quiet, 1);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--requirepass",
           "s3cret:@/word", "--save", "", "--appendonly", "no", "--databases", "64", "--dir",
           folder, (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 500 && !answers(redis_port); i++) usleep(10000);
  assert_true(answers(redis_port));
}

static int set_up_all(void **state) {
  if (!mkdtemp(folder)) return -1;
  close(listen_somewhere(&redis_port));
  start_redis();
  return 0;
}

static int tear_down_all(void **state) {
  stop_redis();
  char command[80];
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  return system(command);
}

// ---- short forms --------------------------------------------------------------------------------

static int next_file;

static Store *open_store(const char *kind) {
  char url[160];
  if (strcmp(kind, "sqlite") == 0)
    snprintf(url, sizeof(url), "sqlite:%s/%d.db", folder, next_file++);
  else if (strcmp(kind, "redis") == 0)
    snprintf(url, sizeof(url), "redis://:s3cret:@/word@127.0.0.1:%d/%d", redis_port,
             next_file++ % 64);
  else snprintf(url, sizeof(url), "memory:");
  Store *store = open_at(url);
  assert_string_equal(store_kind(store), kind);
  return store;
}

static bool yes(Store *store, StoreCall what) {
  StoreReply *reply = call(store, what);
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  bool ok = reply->ok;
  store_reply_free(reply);
  return ok;
}

static void has(Store *store, const char *key, const char *value) {
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = str_of(key) });
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  if (value) assert_string_equal(reply->value.ptr, value);
  else assert_false(reply->ok);
  store_reply_free(reply);
}

static bool set(Store *store, const char *key, const char *value, int64_t ttl_ms) {
  return yes(
      store,
      (StoreCall){ .op = STORE_SET, .key = str_of(key), .value = str_of(value), .ttl_ms = ttl_ms });
}

enum { IN_VAIN_MS = 20000, CLOCKS_MS = 10 };  // how far the server's clock may be from ours

// Waits until the key has no value: that takes at least `ttl_ms` from `begin_ms` on, when the value was not yet set.
static void ends(Store *store, const char *key, const char *value, int64_t begin_ms,
                 int64_t ttl_ms) {
  for (;;) {
    StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = str_of(key) });
    if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
    bool there = reply->ok;
    if (there) assert_string_equal(reply->value.ptr, value);
    store_reply_free(reply);
    int64_t ms = clock_now_ms() - begin_ms;
    if (!there) return (void)assert_in_range(ms, ttl_ms - CLOCKS_MS, IN_VAIN_MS);
    if (ms > IN_VAIN_MS) fail_msg("%s is still there after %d ms", key, (int)ms);
    usleep(5000);
  }
}

static int64_t count(Store *store, const char *key, int64_t by) {
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_INCR, .key = str_of(key), .by = by });
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  int64_t number = reply->number;
  store_reply_free(reply);
  return number;
}

// ---- suite --------------------------------------------------------------------------------------

static void test_what_was_set_is_there_until_it_is_deleted(void **state) {
  Store *store = open_store(*state);
  has(store, "k", NULL);
  assert_true(set(store, "k", "one", 0));
  has(store, "k", "one");
  assert_true(set(store, "k", "two", 0));
  has(store, "k", "two");
  assert_true(yes(store, (StoreCall){ .op = STORE_DELETE, .key = STR("k") }));
  assert_false(yes(store, (StoreCall){ .op = STORE_DELETE, .key = STR("k") }));
  has(store, "k", NULL);
  store_close(store);
}

static void test_keys_and_values_may_be_any_bytes(void **state) {
  Store *store = open_store(*state);
  assert_true(yes(
      store, (StoreCall){ .op = STORE_SET, .key = STR("a\0b'\r\n"), .value = STR("v\0\xff\r\n") }));
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = STR("a\0b'\r\n") });
  assert_int_equal(reply->value.len, 5);
  assert_memory_equal(reply->value.ptr, "v\0\xff\r\n", 5);
  store_reply_free(reply);
  has(store, "a", NULL);
  assert_true(set(store, "empty", "", 0));
  has(store, "empty", "");
  store_close(store);
}

static void test_a_script_s_keys_never_meet_wemoon_s_own(void **state) {
  Store *store = open_store(*state);
  assert_true(set(store, "k", "own", 0));
  assert_true(yes(store, (StoreCall){ .op = STORE_ADD,
                                      .space = STORE_SCRIPT,
                                      .key = STR("k"),
                                      .value = STR("script") }));
  has(store, "k", "own");
  store_close(store);
}

static void test_a_value_ends_after_its_time_to_live(void **state) {
  Store *store = open_store(*state);
  int64_t begin_ms = clock_now_ms();
  assert_true(set(store, "short", "x", 120));
  assert_true(set(store, "long", "x", 60000));
  ends(store, "short", "x", begin_ms, 120);
  has(store, "long", "x");
  assert_true(set(store, "again", "x", 100));
  assert_true(set(store, "again", "y", 0));
  usleep(150000);
  has(store, "again", "y");
  store_close(store);
}

static void test_add_sets_only_where_nothing_is(void **state) {
  Store *store = open_store(*state);
  StoreCall add = { .op = STORE_ADD, .key = STR("k"), .value = STR("first"), .ttl_ms = 60000 };
  assert_true(yes(store, add));
  add.value = STR("second");
  assert_false(yes(store, add));
  has(store, "k", "first");
  add = (StoreCall){ .op = STORE_ADD, .key = STR("s"), .value = STR("first"), .ttl_ms = 100 };
  int64_t begin_ms = clock_now_ms();
  assert_true(yes(store, add));
  ends(store, "s", "first", begin_ms, 100);
  add.ttl_ms = 60000;
  add.value = STR("second");
  assert_true(yes(store, add));
  has(store, "s", "second");
  store_close(store);
}

static void test_incr_counts_and_keeps_the_time_to_live(void **state) {
  Store *store = open_store(*state);
  assert_int_equal(count(store, "n", 1), 1);
  assert_int_equal(count(store, "n", 41), 42);
  assert_int_equal(count(store, "n", -50), -8);
  has(store, "n", "-8");
  int64_t begin_ms, number;
  do {  // a value that has ended before it was counted counts from 0
    begin_ms = clock_now_ms();
    assert_true(set(store, "m", "5", 150));
    number = count(store, "m", 1);
  } while (number == 1 && clock_now_ms() - begin_ms >= 150 - CLOCKS_MS);
  assert_int_equal(number, 6);
  ends(store, "m", "6", begin_ms, 150);
  assert_int_equal(count(store, "m", 1), 1);
  usleep(200000);
  has(store, "m", "1");
  store_close(store);
}

static void test_incr_of_what_is_no_integer_or_too_large_is_an_error(void **state) {
  Store *store = open_store(*state);
  assert_true(set(store, "k", "\"x\"", 0));
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_INCR, .key = STR("k"), .by = 1 });
  assert_int_equal(reply->err.code, ERR_INVALID);
  store_reply_free(reply);
  has(store, "k", "\"x\"");
  assert_true(set(store, "k", "9223372036854775807", 0));
  reply = call(store, (StoreCall){ .op = STORE_INCR, .key = STR("k"), .by = 1 });
  assert_int_equal(reply->err.code, ERR_INVALID);
  store_reply_free(reply);
  has(store, "k", "9223372036854775807");
  assert_true(store_healthy(store, NULL));
  store_close(store);
}

static void test_a_count_past_2_to_the_53_is_exact(void **state) {
  Store *store = open_store(*state);
  assert_true(set(store, "n", "9007199254740993", 60000));
  StoreReply *reply =
      call(store, (StoreCall){ .op = STORE_INCR, .key = STR("n"), .by = 2, .ttl_ms = 60000 });
  assert_int_equal(reply->err.code, ERR_NONE);
  assert_int_equal(reply->number, 9007199254740995);
  store_reply_free(reply);
  has(store, "n", "9007199254740995");
  store_close(store);
}

// Asserts the listed keys, as "a|b|c|".
static void lists(Store *store, StoreCall what, const char *wanted) {
  char all[400] = "";
  what.op = STORE_LIST;
  StoreReply *reply = call(store, what);
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  Str rest = reply->value, key;
  while (store_reply_next_key(&rest, &key)) {
    strncat(all, key.ptr, key.len);
    strcat(all, "|");
  }
  store_reply_free(reply);
  assert_string_equal(all, wanted);
}

static void test_keys_are_listed_in_order_by_prefix(void **state) {
  Store *store = open_store(*state);
  static const char *const keys[] = { "b", "ab", "a*c", "a", "ac", "\xff\xff", "\xff", "aa" };
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) assert_true(set(store, keys[i], "v", 0));
  assert_true(set(store, "a-short", "v", 50));
  assert_true(yes(store, (StoreCall){ .op = STORE_SET,
                                      .space = STORE_SCRIPT,
                                      .key = STR("a-script-s"),
                                      .value = STR("v") }));
  usleep(100000);
  lists(store, (StoreCall){ .key = STR("a") }, "a|a*c|aa|ab|ac|");
  lists(store, (StoreCall){ .key = STR("a*") }, "a*c|");
  lists(store, (StoreCall){ .key = STR("\xff") }, "\xff|\xff\xff|");
  lists(store, (StoreCall){ .key = STR("z") }, "");
  lists(store, (StoreCall){ .key = STR("") }, "a|a*c|aa|ab|ac|b|\xff|\xff\xff|");
  lists(store, (StoreCall){ .key = STR("a"), .after = STR("a*c") }, "aa|ab|ac|");
  lists(store, (StoreCall){ .key = STR("a"), .after = STR("aaa"), .limit = 1 }, "ab|");
  lists(store, (StoreCall){ .key = STR("a"), .limit = 2 }, "a|a*c|");
  lists(store, (StoreCall){ .key = STR("b"), .after = STR("a"), .limit = 1 }, "b|");
  lists(store, (StoreCall){ .key = STR("a"), .after = STR("b"), .limit = 1 }, "");
  lists(store, (StoreCall){ .key = STR(""), .after = STR("b"), .limit = 2 }, "\xff|\xff\xff|");
  store_close(store);
}

static void count_key(void *ctx, Str key) {
  assert_true(str_starts(key, STR("page/")));
  ++*(int *)ctx;
}

// SQLite takes a thousand at a time.
static void test_all_keys_are_listed_page_by_page(void **state) {
  Store *store = open_store(*state);
  char name[16];
  int keys = 0, pages = 0, most = strcmp(*state, "sqlite") == 0 ? 1000 : 100000;
  bool more = true;
  Buf after;
  buf_init(&after);
  for (int i = 0; i < 1001; i++) {
    snprintf(name, sizeof name, "page/%04d", i);
    assert_true(set(store, name, "v", 0));
  }
  assert_true(set(store, "pages", "v", 0));
  for (; more; pages++) {
    int before = keys;
    assert_true(store_list_page(store, STR("page/"), &after, count_key, &keys, &more));
    assert_in_range(keys - before, 0, most);
  }
  assert_int_equal(keys, 1001);
  assert_int_equal(pages, most == 1000 ? 2 : 1);
  assert_true(str_eq(buf_str(&after), STR("page/1000")));
  buf_clear(&after);
  store_close(store);
}

static void test_a_value_comes_with_its_expiry_when_that_is_asked_for(void **state) {
  Store *store = open_store(*state);
  assert_true(set(store, "k", "v", 60000));
  assert_true(set(store, "ever", "v", 0));
  StoreCall get = { .op = STORE_GET, .key = STR("k"), .with_expiry = true };
  StoreReply *reply = call(store, get);
  assert_string_equal(reply->value.ptr, "v");
  int64_t left_ms = reply->expires_ms - clock_unix_ms();
  assert_in_range(left_ms, 55000, 60000);
  store_reply_free(reply);
  get.key = STR("ever");
  reply = call(store, get);
  assert_int_equal(reply->expires_ms, 0);
  store_reply_free(reply);
  store_close(store);
}

static void test_swap_sets_only_over_the_expected_value(void **state) {
  Store *store = open_store(*state);
  StoreCall swap = {
    .op = STORE_SWAP, .key = STR("k"), .value = STR("new"), .expected = STR("old")
  };
  assert_false(yes(store, swap));
  has(store, "k", NULL);
  assert_true(set(store, "k", "old", 0));
  assert_true(yes(store, swap));
  has(store, "k", "new");
  assert_false(yes(store, swap));
  swap.expected = STR("new");
  swap.ttl_ms = 100;
  assert_true(yes(store, swap));
  usleep(150000);
  has(store, "k", NULL);
  store_close(store);
}

static void test_a_lease_has_one_owner_until_it_ends(void **state) {
  Store *store = open_store(*state);
  StoreCall mine = { .op = STORE_LEASE, .key = STR("l"), .value = STR("me"), .ttl_ms = 60000 },
            yours = mine;
  yours.value = STR("you");
  assert_true(yes(store, mine));
  assert_true(yes(store, mine));
  assert_false(yes(store, yours));
  StoreCall release = { .op = STORE_RELEASE, .key = STR("l"), .value = STR("you") };
  assert_false(yes(store, release));
  release.value = STR("me");
  assert_true(yes(store, release));
  assert_true(yes(store, yours));
  assert_false(yes(store, mine));
  yours.ttl_ms = 200;
  int64_t begin_ms = clock_now_ms();
  assert_true(yes(store, yours));
  while (!yes(store, mine) && clock_now_ms() - begin_ms < IN_VAIN_MS) usleep(5000);
  assert_in_range(clock_now_ms() - begin_ms, 200 - CLOCKS_MS, IN_VAIN_MS);
  store_close(store);
}

static void test_a_delayed_call_comes_later_and_a_closing_store_fails_it(void **state) {
  Store *store = open_store(*state);
  int64_t begin = clock_now_ms();
  has(store, "k", NULL);
  assert_false(yes(store, (StoreCall){ .op = STORE_GET, .key = STR("k"), .delay_ms = 120 }));
  assert_in_range(clock_now_ms() - begin, 115, IN_VAIN_MS);
  store_close(store);
}

static void test_a_call_that_breaks_a_rule_is_refused_at_once(void **state) {
  Store *store = open_store(*state);
  Err err = { 0 };
  assert_null(store_call_wait(store, &(StoreCall){ .op = STORE_GET }, &err));
  assert_int_equal(err.code, ERR_USAGE);
  assert_null(store_call_wait(
      store, &(StoreCall){ .op = STORE_LEASE, .key = STR("k"), .value = STR("me") }, &err));
  StoreCall of_all = { .op = STORE_GET, .space = STORE_ALL_SCRIPTS, .key = STR("one:k") };
  err.code = ERR_NONE;
  assert_null(store_call_wait(store, &of_all, &err));
  assert_int_equal(err.code, ERR_USAGE);
  store_close(store);
}

typedef struct {
  Store *store;
  int won;
} Racer;

// Each thread adds 200 to one number by get and swap, and 200 to another by increments.
static void *race(void *arg) {
  Racer *racer = arg;
  for (int i = 0; i < 200;) {
    StoreReply *old = call(racer->store, (StoreCall){ .op = STORE_GET, .key = STR("swapped") });
    char text[16];
    snprintf(text, sizeof(text), "%d", atoi(old->value.ptr) + 1);
    StoreCall swap = {
      .op = STORE_SWAP, .key = STR("swapped"), .value = str_of(text), .expected = old->value
    };
    if (yes(racer->store, swap)) i++;
    store_reply_free(old);
    if (i % 10 == 0) count(racer->store, "counted", 1);
    if (yes(racer->store, (StoreCall){ .op = STORE_ADD, .key = STR("once"), .value = STR("x") }))
      racer->won++;
  }
  return NULL;
}

static void test_many_threads_lose_no_step(void **state) {
  Store *store = open_store(*state);
  assert_true(set(store, "swapped", "0", 0));
  pthread_t threads[4];
  Racer racers[4];
  for (int i = 0; i < 4; i++) {
    racers[i] = (Racer){ store, 0 };
    pthread_create(&threads[i], NULL, race, &racers[i]);
  }
  int won = 0;
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    won += racers[i].won;
  }
  has(store, "swapped", "800");
  assert_int_equal(won, 1);
  store_close(store);
}

static void count_done(void *ctx, StoreReply *reply) {
  __atomic_add_fetch((int *)ctx, reply->err.code == ERR_NONE, __ATOMIC_SEQ_CST);
  store_reply_free(reply);
}

static void test_closing_does_what_was_waiting(void **state) {
  Store *store = open_store(*state);
  int done = 0, failed = 0;
  for (int i = 0; i < 1000; i++)
    assert_true(store_call(store, &(StoreCall){ .op = STORE_INCR, .key = STR("n"), .by = 1 },
                           count_done, &done, NULL));
  assert_true(store_call(store, &(StoreCall){ .op = STORE_GET, .key = STR("n"), .delay_ms = 60000 },
                         count_done, &failed, NULL));
  store_close(store);
  assert_int_equal(done, 1000);
  assert_int_equal(failed, 0);
}

// ---- accounts -----------------------------------------------------------------------------------

typedef struct {
  Store *none, *one, *other, *later;
} Accounts;

static Store *open_as(const char *url, const char *account, const char *former) {
  Err err = { 0 };
  Store *store = store_open_with(&(StoreOptions){ .url = str_of(url),
                                                  .account = str_of(account),
                                                  .former_account = str_of(former) },
                                 &err);
  if (!store) fail_msg("%s", err.text);
  return store;
}

static Accounts open_accounts(const char *kind) {
  char url[200];
  if (strcmp(kind, "sqlite") == 0)
    snprintf(url, sizeof(url), "sqlite:%s/%d.db", folder, next_file++);
  else
    snprintf(url, sizeof(url), "redis://:s3cret:@/word@127.0.0.1:%d/%d", redis_port,
             next_file++ % 64);
  return (Accounts){ open_as(url, "", ""), open_as(url, "one", "token-1"),
                     open_as(url, "other", "token-2"), open_as(url, "token-1", "token-1") };
}

static void close_accounts(Accounts *all) {
  store_close(all->none);
  store_close(all->one);
  store_close(all->other);
  store_close(all->later);
}

static void script_sets(Store *store, const char *key, const char *value) {
  assert_true(yes(store, (StoreCall){ .op = STORE_SET,
                                      .space = STORE_SCRIPT,
                                      .key = str_of(key),
                                      .value = str_of(value) }));
}

static void script_has(Store *store, const char *key, const char *value) {
  StoreReply *reply =
      call(store, (StoreCall){ .op = STORE_GET, .space = STORE_SCRIPT, .key = str_of(key) });
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  if (value) assert_string_equal(reply->value.ptr, value);
  else assert_false(reply->ok);
  store_reply_free(reply);
}

static void test_the_scripts_of_two_accounts_never_meet(void **state) {
  Accounts all = open_accounts(*state);
  script_sets(all.one, "k", "one");
  script_sets(all.other, "k", "other");
  script_has(all.one, "k", "one");
  script_has(all.other, "k", "other");
  script_has(all.none, "k", NULL);
  lists(all.one, (StoreCall){ .space = STORE_SCRIPT, .key = STR("") }, "k|");
  lists(all.one, (StoreCall){ .space = STORE_ALL_SCRIPTS, .key = STR("") }, "one:k|other:k|");
  close_accounts(&all);
}

static void test_what_an_older_version_has_set_is_found_listed_and_counted_on(void **state) {
  Accounts all = open_accounts(*state);
  script_sets(all.none, "old", "4");
  script_sets(all.none, "older", "x");
  script_sets(all.later, "token", "t");
  lists(all.one, (StoreCall){ .space = STORE_SCRIPT, .key = STR("") }, "old|older|token|");
  StoreReply *reply = call(
      all.one, (StoreCall){ .op = STORE_INCR, .space = STORE_SCRIPT, .key = STR("old"), .by = 1 });
  assert_int_equal(reply->number, 5);
  store_reply_free(reply);
  script_has(all.one, "token", "t");
  StoreCall add = {
    .op = STORE_ADD, .space = STORE_SCRIPT, .key = STR("older"), .value = STR("y")
  };
  assert_false(yes(all.one, add));
  script_has(all.one, "older", "x");
  script_has(all.other, "old", NULL);  // it is the first account's now
  lists(all.one, (StoreCall){ .space = STORE_SCRIPT, .key = STR("") }, "old|older|token|");
  assert_true(
      yes(all.one, (StoreCall){ .op = STORE_DELETE, .space = STORE_SCRIPT, .key = STR("old") }));
  script_has(all.one, "old", NULL);
  close_accounts(&all);
}

// ---- URLs ---------------------------------------------------------------------------------------

static void refuses(const char *url, ErrCode code, const char *word) {
  Err err = { 0 };
  assert_null(store_open(str_of(url), &err));
  assert_int_equal(err.code, code);
  if (!strstr(err.text, word)) fail_msg("\"%s\" does not say \"%s\"", err.text, word);
  assert_null(strstr(err.text, "hunter2"));
}

// Asserts that the configuration's check and `run` refuse the URL with the same reason.
static void refuses_url(const char *url, const char *word) {
  Err err = { 0 };
  assert_false(store_url_check(str_of(url), &err));
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, word)) fail_msg("\"%s\" does not say \"%s\"", err.text, word);
  assert_null(strstr(err.text, "hunter2"));
  refuses(url, ERR_USAGE, word);
  assert_false(store_would_open(str_of(url), &err));
}

static void test_a_path_alone_is_answered_with_its_url(void **state) {
  refuses_url("/var/lib/x", "a path alone is not the URL of a store: write sqlite:/var/lib/x");
  refuses_url("./x", "write sqlite:./x");
  refuses_url("wemoon.db", "write sqlite:wemoon.db");
  refuses_url("//:hunter2@host/0.db", "write one of");
  refuses_url("hunter2", "write one of");
}

static void test_a_folder_is_no_store_and_check_and_run_say_the_same(void **state) {
  char url[300];
  Err probed = { 0 }, opened = { 0 };
  snprintf(url, sizeof(url), "sqlite:%s", folder);
  assert_false(store_would_open(str_of(url), &probed));
  assert_null(store_open(str_of(url), &opened));
  assert_string_equal(probed.text, opened.text);
  assert_non_null(strstr(opened.text, "Is a directory: name a file in it"));
}

static void test_a_url_of_no_store_is_refused(void **state) {
  refuses_url("", "sqlite:PATH");
  refuses_url("wemoon", "sqlite:PATH");
  refuses_url("mysql://x", "redis://");
  refuses_url("memory:x", "nothing");
  refuses_url("sqlite:", "file name");
  refuses_url("sqlite::memory:", "memory:");
  refuses_url("redis:", "redis://");
  refuses_url("redis://", "host");
  refuses_url("redis://:hunter2@/0", "host");
  refuses_url("redis://:hunter2@host:0/0", "port");
  refuses_url("redis://:hunter2@host:99999", "port");
  refuses_url("redis://:hunter2", "host");
  refuses_url("redis://host:hunter2", "port");
  refuses_url("redis://:hunter2@host:6379/x", "database");
  refuses_url("redis://host/5000000", "database");
  refuses_url("redis://user@host", "PASSWORD");
}

static void test_what_the_configuration_takes_the_store_takes(void **state) {
  static const char *const urls[] = { "memory:", "redis://:a/b?c#d@h:1/0", "redis://user:pw@h/0",
                                      "redis://[::1]:6379/3", "redis://h" };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    assert_true(store_url_check(str_of(urls[i]), NULL));
    Store *store = store_open(str_of(urls[i]), NULL);
    assert_non_null(store);
    store_close(store);
  }
}

static void test_each_store_says_what_it_shares(void **state) {
  static const struct {
    const char *kind;
    bool shared;
  } kinds[] = { { "memory", false }, { "sqlite", true }, { "redis", true } };
  for (int i = 0; i < 3; i++) {
    Store *store = open_store(kinds[i].kind);
    assert_int_equal(store_is_shared(store), kinds[i].shared);
    store_close(store);
  }
  assert_string_equal(store_url_own(STR("memory:")), "memory:");
  assert_null(store_url_own(STR("sqlite:file")));
  assert_null(store_url_own(STR("")));
}

static void would_not_open(const char *path, const char *word) {
  char url[300];
  Err err = { 0 };
  snprintf(url, sizeof(url), "sqlite:%s/%s", folder, path);
  assert_false(store_would_open(str_of(url), &err));
  if (!strstr(err.text, word)) fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void test_that_a_sqlite_file_cannot_be_had_is_seen_without_making_one(void **state) {
  char path[300], url[320];
  would_not_open("nowhere/a.db", "its folder does not exist");
  would_not_open("", "Is a directory");
  snprintf(path, sizeof(path), "%s/text.db", folder);
  FILE *file = fopen(path, "w");
  fputs("this is no database", file);
  fclose(file);
  would_not_open("text.db", "is not a SQLite database");
  snprintf(path, sizeof(path), "%s/pipe.db", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  would_not_open("pipe.db", "is not a SQLite database");
  snprintf(url, sizeof(url), "sqlite:%s", path);
  refuses(url, ERR_FAILED, "is not a SQLite database");
  refuses("sqlite:/dev/null", ERR_FAILED, "is not a SQLite database");
  snprintf(path, sizeof(path), "%s/later.db", folder);
  snprintf(url, sizeof(url), "sqlite:%s", path);
  assert_true(store_would_open(str_of(url), NULL));
  assert_int_not_equal(access(path, F_OK), 0);
  store_close(store_open(str_of(url), NULL));
  assert_true(store_would_open(str_of(url), NULL));
}

// ---- SQLite -------------------------------------------------------------------------------------

static void test_a_sqlite_file_is_its_owner_s_alone_and_outlives_the_process(void **state) {
  char url[160];
  snprintf(url, sizeof(url), "sqlite:%s/kept.db", folder);
  Store *store = store_open(str_of(url), NULL);
  assert_true(set(store, "k", "kept", 0));
  const char *ends[] = { "", "-wal", "-shm" };
  for (int i = 0; i < 3; i++) {
    char path[160];
    struct stat info;
    snprintf(path, sizeof(path), "%s/kept.db%s", folder, ends[i]);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
  }
  store_close(store);
  store = store_open(str_of(url), NULL);
  has(store, "k", "kept");
  store_close(store);
}

static void test_two_stores_on_one_sqlite_file_see_each_other(void **state) {
  char url[160];
  snprintf(url, sizeof(url), "sqlite:%s/shared.db", folder);
  Store *a = store_open(str_of(url), NULL), *b = store_open(str_of(url), NULL);
  assert_true(yes(a, (StoreCall){ .op = STORE_ADD, .key = STR("k"), .value = STR("a") }));
  assert_false(yes(b, (StoreCall){ .op = STORE_ADD, .key = STR("k"), .value = STR("b") }));
  has(b, "k", "a");
  store_close(a);
  store_close(b);
}

static void test_a_sqlite_file_that_is_none_is_told(void **state) {
  char url[200], path[160];
  snprintf(path, sizeof(path), "%s/none.db", folder);
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 4096; i++) fputs("this is no database. ", file);
  fclose(file);
  snprintf(url, sizeof(url), "sqlite:%s", path);
  refuses(url, ERR_FAILED, "is not a SQLite database");
  snprintf(url, sizeof(url), "sqlite:%s/missing/x.db", folder);
  refuses(url, ERR_FAILED, "folder does not exist");
  snprintf(url, sizeof(url), "sqlite:%s", folder);
  refuses(url, ERR_FAILED, "cannot be opened");
}

static StoreReply *set_now(Store *store, const char *value) {
  return store_call_now(store,
                        &(StoreCall){ .op = STORE_SET, .key = STR("now"), .value = str_of(value) });
}

static void assert_now(Store *store, const char *value) {
  StoreReply *reply =
      store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("now") }, NULL);
  assert_true(reply && reply->ok && str_eq(reply->value, str_of(value)));
  store_reply_free(reply);
}

// Starts sqlite3 on that file, with a first statement; pclose ends it.
static FILE *begin_sqlite(const char *file, const char *statement) {
  char command[200];
  snprintf(command, sizeof(command), "sqlite3 %s/%s >/dev/null", folder, file);
  FILE *sqlite = popen(command, "w");
  assert_non_null(sqlite);
  fprintf(sqlite, ".timeout 20000\n%s\n", statement);  // the store may be writing
  fflush(sqlite);
  return sqlite;
}

static void test_a_call_is_made_at_once_on_a_sqlite_file_that_no_other_process_has(void **state) {
  char url[128];
  snprintf(url, sizeof(url), "sqlite:%s/now.db", folder);
  Store *store = store_open(str_of(url), NULL);
  StoreReply *reply = set_now(store, "1");
  assert_true(reply && reply->ok && reply->err.code == ERR_NONE);
  store_reply_free(reply);
  assert_now(store, "1");
  int64_t before_us = clock_now_us();
  assert_true(store_alone_since(store, before_us));
  FILE *other = begin_sqlite("now.db", "SELECT 1 FROM wemoon_store;");
  for (int i = 0; i < 10000 && store_company(store) == STORE_ALONE; i++) usleep(2000);
  assert_null(set_now(store, "2"));
  assert_false(store_alone_since(store, clock_now_us()));
  assert_now(store, "1");
  assert_int_equal(pclose(other), 0);
  for (int i = 0; i < 4000 && store_company(store) != STORE_ALONE; i++) usleep(5000);
  assert_false(store_alone_since(store, before_us));
  assert_true(store_alone_since(store, clock_now_us()));
  reply = set_now(store, "3");
  assert_non_null(reply);
  store_reply_free(reply);
  assert_now(store, "3");
  store_close(store);
}

// Files of this process cannot grow while `limited`.
static void limit_files(bool limited) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = limited ? 0 : limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_after_a_failure_calls_are_queued_until_one_has_worked(void **state) {
  char url[128];
  snprintf(url, sizeof(url), "sqlite:%s/failed.db", folder);
  Store *store = store_open(str_of(url), NULL);
  StoreReply *reply = set_now(store, "1");
  assert_non_null(reply);
  store_reply_free(reply);
  assert_int_equal(store_settles_ms(store), 0);
  signal(SIGXFSZ, SIG_IGN);
  limit_files(true);
  StoreReply *failed =
      call(store, (StoreCall){ .op = STORE_SET, .key = STR("now"), .value = STR("2") });
  limit_files(false);
  reply = set_now(store, "3");
  assert_int_not_equal(failed->err.code, ERR_NONE);
  store_reply_free(failed);
  assert_null(reply);
  assert_int_equal(store_settles_ms(store), 2000);
  assert_now(store, "1");
  assert_in_range(store_settles_ms(store), 1, 2000);
  clock_advance(2000 * 1000);
  assert_int_equal(store_settles_ms(store), 0);
  reply = set_now(store, "3");
  assert_non_null(reply);
  store_reply_free(reply);
  store_close(store);
}

static void tell_late(void *told, StoreReply *reply) {
  usleep(200000);
  store_reply_free(reply);
  *(bool *)told = true;
}

static void test_after_a_failure_no_call_is_made_before_its_caller_is_told(void **state) {
  char url[128];
  bool told = false;
  snprintf(url, sizeof(url), "sqlite:%s/told.db", folder);
  Store *store = store_open(str_of(url), NULL);
  assert_true(set(store, "now", "1", 0));
  StoreCall two = { .op = STORE_SET, .key = STR("now"), .value = STR("2") };
  signal(SIGXFSZ, SIG_IGN);
  limit_files(true);
  assert_true(store_call(store, &two, tell_late, &told, NULL));
  for (int i = 0; i < 50000 && store_healthy(store, NULL); i++) usleep(100);
  limit_files(false);
  assert_now(store, "1");
  assert_true(told);
  store_close(store);
}

static void test_other_kinds_of_stores_and_of_calls_are_queued(void **state) {
  char url[128];
  Store *memory = store_open(STR("memory:"), NULL);
  assert_null(set_now(memory, "1"));
  store_close(memory);
  snprintf(url, sizeof(url), "sqlite:%s/queued.db", folder);
  Store *store = store_open(str_of(url), NULL);
  assert_null(store_call_now(store, &(StoreCall){ .op = STORE_LIST, .key = STR("") }));
  assert_null(store_call_now(store, &(StoreCall){ .op = STORE_INCR, .key = STR("n"), .by = 1 }));
  store_close(store);
}

static void test_a_locked_sqlite_file_fails_calls_until_it_is_free(void **state) {
  char url[160];
  snprintf(url, sizeof(url), "sqlite:%s/locked.db", folder);
  Store *store = store_open(str_of(url), NULL);
  assert_true(set(store, "k", "v", 0));
  FILE *other = begin_sqlite("locked.db", "BEGIN EXCLUSIVE;");
  StoreReply *reply = NULL;
  int64_t began_us = 0;
  for (int i = 0; i < 4000 && (!reply || reply->err.code == ERR_NONE); i++) {
    usleep(reply ? 5000 : 0);
    store_reply_free(reply);
    began_us = clock_now_us();
    reply = call(store, (StoreCall){ .op = STORE_SET, .key = STR("k"), .value = STR("v") });
  }
  assert_int_equal(reply->err.code, ERR_BUSY);
  assert_non_null(strstr(reply->err.text, "locked"));
  assert_true(clock_now_us() - began_us < 4000 * 1000);
  assert_false(store_healthy(store, NULL));
  store_reply_free(reply);
  has(store, "k", "v");
  fprintf(other, "COMMIT;\n");
  assert_int_equal(pclose(other), 0);
  assert_true(set(store, "k", "w", 0));
  assert_true(store_healthy(store, NULL));
  store_close(store);
}

// ---- Redis --------------------------------------------------------------------------------------

// A second, and what a busy machine adds. ThreadSanitizer computes ten times as long.
#ifdef __SANITIZE_THREAD__
enum { BUSY_MACHINE_MS = 10000, MANY = 4000 };
#else
enum { BUSY_MACHINE_MS = 4000, MANY = 40000 };
#endif

static void fails_soon(Store *store, const char *word) {
  int64_t begin = clock_now_ms();
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = STR("k") });
  if (reply->err.code != ERR_NETWORK) fail_msg("it is %d: %s", reply->err.code, reply->err.text);
  if (word && !strstr(reply->err.text, word))
    fail_msg("\"%s\" does not say \"%s\"", reply->err.text, word);
  assert_null(strstr(reply->err.text, "s3cret"));
  store_reply_free(reply);
  assert_in_range(clock_now_ms() - begin, 0, BUSY_MACHINE_MS);
}

// Waits until calls work again, and the key has a value, or none.
static void comes_back(Store *store, const char *key, bool with_value) {
  StoreReply *reply = NULL;
  for (int i = 0; i < 2000 && (!reply || reply->err.code != ERR_NONE || reply->ok != with_value);
       i++) {
    usleep(reply ? 10000 : 0);
    store_reply_free(reply);
    reply = call(store, (StoreCall){ .op = STORE_GET, .key = str_of(key) });
  }
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  assert_int_equal(reply->ok, with_value);
  store_reply_free(reply);
}

static void test_many_calls_that_are_repeated_while_redis_is_away_hold_up_no_other(void **state) {
  Store *store = open_store("redis");
  char key[16];
  StoreCall one = { .op = STORE_SET, .value = STR("v"), .keep_ms = 60000 };
  assert_true(set(store, "k", "v", 0));
  stop_redis();
  for (int i = 0; i < MANY; i++) {
    one.key = str_make(key, (size_t)snprintf(key, sizeof key, "r%d", i));
    assert_true(store_call(store, &one, store_reply_drop, NULL, NULL));
  }
  usleep(700000);
  for (int i = 0; i < 5; i++) fails_soon(store, NULL);
  start_redis();
  comes_back(store, key, true);
  store_close(store);
}

static void test_redis_away_fails_calls_at_once_and_comes_back_by_itself(void **state) {
  Store *store = open_store("redis");
  assert_true(set(store, "k", "v", 0));
  stop_redis();
  for (int i = 0; i < 20; i++) fails_soon(store, NULL);
  assert_false(store_healthy(store, NULL));
  start_redis();
  comes_back(store, "k", false);
  assert_true(set(store, "k", "back", 0));
  assert_true(store_healthy(store, NULL));
  // The server restarts between two calls: the second call uses the new server.
  stop_redis();
  start_redis();
  has(store, "k", NULL);
  store_close(store);
}

static void test_a_redis_that_accepts_and_says_nothing_fails_calls_within_a_second(void **state) {
  int port, fd = listen_somewhere(&port);
  char url[80];
  snprintf(url, sizeof(url), "redis://127.0.0.1:%d", port);
  Store *store = store_open(str_of(url), NULL);
  for (int i = 0; i < 3; i++) fails_soon(store, i ? NULL : "no answer in time");
  close(fd);
  store_close(store);
}

static void test_a_wrong_redis_password_is_told_without_the_password(void **state) {
  char url[80];
  snprintf(url, sizeof(url), "redis://:s3cret@127.0.0.1:%d/0", redis_port);
  Store *store = store_open(str_of(url), NULL);
  fails_soon(store, "refuses AUTH");
  store_close(store);
  snprintf(url, sizeof(url), "redis://:s3cret%%3A%%40%%2Fword@127.0.0.1:%d/3", redis_port);
  store = store_open(str_of(url), NULL);
  assert_true(set(store, "k", "encoded", 0));
  store_close(store);
}

#define SHARED(test)                                                                               \
  { #test " (sqlite)", test, NULL, NULL, "sqlite" }, { #test " (redis)", test, NULL, NULL, "redis" }
#define EACH(test)                                                                                 \
  { #test " (memory)", test, NULL, NULL, "memory" },                                               \
      { #test " (sqlite)", test, NULL, NULL, "sqlite" }, {                                         \
#test " (redis)", test, NULL, NULL, "redis"                                                    \
  }

int main(void) {
  signal(SIGPIPE, SIG_DFL);
  const struct CMUnitTest tests[] = {
    EACH(test_what_was_set_is_there_until_it_is_deleted),
    EACH(test_keys_and_values_may_be_any_bytes),
    EACH(test_a_script_s_keys_never_meet_wemoon_s_own),
    EACH(test_a_value_ends_after_its_time_to_live),
    EACH(test_add_sets_only_where_nothing_is),
    EACH(test_incr_counts_and_keeps_the_time_to_live),
    EACH(test_incr_of_what_is_no_integer_or_too_large_is_an_error),
    EACH(test_a_count_past_2_to_the_53_is_exact),
    EACH(test_keys_are_listed_in_order_by_prefix),
    EACH(test_all_keys_are_listed_page_by_page),
    EACH(test_a_value_comes_with_its_expiry_when_that_is_asked_for),
    EACH(test_swap_sets_only_over_the_expected_value),
    EACH(test_a_lease_has_one_owner_until_it_ends),
    EACH(test_a_delayed_call_comes_later_and_a_closing_store_fails_it),
    EACH(test_a_call_that_breaks_a_rule_is_refused_at_once),
    EACH(test_many_threads_lose_no_step),
    EACH(test_closing_does_what_was_waiting),
    SHARED(test_the_scripts_of_two_accounts_never_meet),
    SHARED(test_what_an_older_version_has_set_is_found_listed_and_counted_on),
    cmocka_unit_test(test_a_path_alone_is_answered_with_its_url),
    cmocka_unit_test(test_a_url_of_no_store_is_refused),
    cmocka_unit_test(test_what_the_configuration_takes_the_store_takes),
    cmocka_unit_test(test_each_store_says_what_it_shares),
    cmocka_unit_test(test_that_a_sqlite_file_cannot_be_had_is_seen_without_making_one),
    cmocka_unit_test(test_a_folder_is_no_store_and_check_and_run_say_the_same),
    cmocka_unit_test(test_a_sqlite_file_is_its_owner_s_alone_and_outlives_the_process),
    cmocka_unit_test(test_two_stores_on_one_sqlite_file_see_each_other),
    cmocka_unit_test(test_a_sqlite_file_that_is_none_is_told),
    cmocka_unit_test(test_a_call_is_made_at_once_on_a_sqlite_file_that_no_other_process_has),
    cmocka_unit_test(test_after_a_failure_calls_are_queued_until_one_has_worked),
    cmocka_unit_test(test_after_a_failure_no_call_is_made_before_its_caller_is_told),
    cmocka_unit_test(test_other_kinds_of_stores_and_of_calls_are_queued),
    cmocka_unit_test(test_a_locked_sqlite_file_fails_calls_until_it_is_free),
    cmocka_unit_test(test_redis_away_fails_calls_at_once_and_comes_back_by_itself),
    cmocka_unit_test(test_many_calls_that_are_repeated_while_redis_is_away_hold_up_no_other),
    cmocka_unit_test(test_a_redis_that_accepts_and_says_nothing_fails_calls_within_a_second),
    cmocka_unit_test(test_a_wrong_redis_password_is_told_without_the_password),
  };
  return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
