// The Redis store: TLS, users, sockets, replicas, full memory, silence. Uses its own redis-server, and a fake server
// for replies that a real one cannot be made to send.
#include "store/store.h"

#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_side.h"

static char folder[] = "/tmp/wemoon-redis-XXXXXX";
static int port, tls_port;

// ---- redis-server of the test -------------------------------------------------------------------

// Runs a shell command in the folder; $P is the port.
static int shell(const char *command) {
  char line[1000];
  snprintf(line, sizeof line, "cd %s && P=%d && T=%d && %s", folder, port, tls_port, command);
  return system(line);
}

static void cli(const char *command) {
  char line[400];
  snprintf(line, sizeof line, "redis-cli -p $P --no-auth-warning -a hunter2 %s > out", command);
  assert_int_equal(shell(line), 0);
}

static void start_redis(void) {
  redis_pid = fork();
  if (redis_pid == 0) {
    char command[600];
    snprintf(
        command, sizeof command,
        "cd %s && exec redis-server --port %d --tls-port %d --bind 127.0.0.1 --requirepass hunter2 "
        "--save '' --appendonly no --unixsocket r.sock --tls-cert-file cert.pem --tls-key-file "
        "key.pem --tls-ca-cert-file cert.pem --tls-auth-clients no >/dev/null",
        folder, port, tls_port);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 500 && shell("redis-cli -p $P ping >/dev/null 2>&1") != 0; i++) usleep(10000);
}

static int set_up_all(void **state) {
  if (!mkdtemp(folder)) return -1;
  int fds[2] = { listen_somewhere(&port), listen_somewhere(&tls_port) };
  close(fds[0]);
  close(fds[1]);
  if (shell(
          "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext "
          "subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null && "
          "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout k2.pem -out "
          "other.pem 2>/dev/null") != 0)
    return -1;
  start_redis();
  cli("acl setuser app on '>p@ss/word?' '~*' '+@all'");
  return 0;
}

static int tear_down_all(void **state) {
  stop_redis();
  char command[80];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

// ---- short forms --------------------------------------------------------------------------------

static Store *open_with_ca(const char *ca_file, const char *format, ...) {
  char url[300], path[200];
  va_list args;
  Err err = { 0 };
  va_start(args, format);
  vsnprintf(url, sizeof url, format, args);
  va_end(args);
  snprintf(path, sizeof path, "%s/%s", folder, ca_file ? ca_file : "");
  Store *store = store_open_with(
      &(StoreOptions){ .url = str_of(url), .ca_file = ca_file ? path : NULL }, &err);
  if (!store) fail_msg("%s", err.text);
  return store;
}

#define OPEN(...) open_with_ca(NULL, __VA_ARGS__)

static const StoreCall set_k = { .op = STORE_SET, .key = { "k", 1 }, .value = { "v", 1 } };
static const StoreCall get_k = { .op = STORE_GET, .key = { "k", 1 } };

static void works(Store *store, StoreCall what) {
  StoreReply *reply = call(store, what);
  if (reply->err.code != ERR_NONE) fail_msg("%s", reply->err.text);
  store_reply_free(reply);
}

// Returns how long it took.
static int64_t fails_once(Store *store, StoreCall what, ErrCode code, const char *word) {
  int64_t began_ms = clock_now_ms();
  StoreReply *reply = call(store, what);
  if (reply->err.code != code) fail_msg("it is %d: %s", reply->err.code, reply->err.text);
  if (!strstr(reply->err.text, word)) fail_msg("\"%s\" does not say \"%s\"", reply->err.text, word);
  assert_null(strstr(reply->err.text, "hunter2"));
  store_reply_free(reply);
  int64_t took_ms = clock_now_ms() - began_ms;
  assert_true(took_ms < 5000);
  return took_ms;
}

enum { TRIES = 4 };  // a busy machine takes longer

static void fails(Store *store, StoreCall what, ErrCode code, const char *word) {
  bool in_time = false;
  for (int i = 0; i < TRIES && !in_time; i++)
    in_time = fails_once(store, what, code, word) <= 1000;  // 0.9 s
  assert_true(in_time);
}

// ---- connections --------------------------------------------------------------------------------

static void test_tls_works_with_the_certificate_that_is_named(void **state) {
  Store *store = open_with_ca("cert.pem", "rediss://:hunter2@127.0.0.1:%d/1", tls_port);
  works(store, set_k);
  StoreCall large = set_k;
  char *value = calloc(1, 3 << 20);
  large.value = str_make(value, 3 << 20);
  works(store, large);
  StoreReply *reply = call(store, get_k);
  assert_int_equal(reply->value.len, 3 << 20);
  store_reply_free(reply);
  free(value);
  store_close(store);
}

static void test_tls_names_the_host_that_it_expects(void **state) {
  Store *store = open_with_ca("cert.pem", "rediss://:hunter2@localhost:%d/1", tls_port);
  works(store, set_k);
  store_close(store);
}

static void test_a_certificate_that_is_not_trusted_is_refused(void **state) {
  Store *store = open_with_ca("other.pem", "rediss://:hunter2@127.0.0.1:%d/1", tls_port);
  usleep(600000);
  fails(store, set_k, ERR_NETWORK, "its certificate is refused: ");
  store_close(store);
}

static void test_tls_to_a_port_without_it_is_told(void **state) {
  Store *store = open_with_ca("cert.pem", "rediss://:hunter2@127.0.0.1:%d/1", port);
  usleep(600000);
  fails(store, set_k, ERR_NETWORK, "TLS");
  store_close(store);
}

static void test_a_user_has_a_password_of_its_own(void **state) {
  Store *store = OPEN("redis://app:p%%40ss/word?@127.0.0.1:%d/1", port);
  works(store, set_k);
  store_close(store);
  store = OPEN("redis://app:hunter2@127.0.0.1:%d/1", port);
  usleep(600000);
  fails(store, set_k, ERR_NETWORK, "it refuses AUTH");
  store_close(store);
}

static void test_a_unix_socket_works(void **state) {
  cli("config set requirepass ''");
  Store *store = OPEN("redis+unix:%s/r.sock", folder);
  works(store, set_k);
  cli("config set requirepass hunter2");
  store_close(store);
}

// ---- failures -----------------------------------------------------------------------------------

static void test_a_replica_is_away_until_it_is_a_master_again(void **state) {
  Store *store = OPEN("redis://:hunter2@127.0.0.1:%d/1", port);
  works(store, set_k);
  cli("replicaof 127.0.0.1 1");
  fails(store, set_k, ERR_NETWORK, "READONLY");
  cli("replicaof no one");
  usleep(600000);
  works(store, set_k);
  store_close(store);
}

static void test_full_memory_fails_what_needs_some_and_gives_locks_back(void **state) {
  Store *store = OPEN("redis://:hunter2@127.0.0.1:%d/1", port);
  StoreCall lease = { .op = STORE_LEASE, .key = STR("l"), .value = STR("me"), .ttl_ms = 60000 };
  works(store, lease);
  cli("config set maxmemory 1");
  fails(store, set_k, ERR_FAILED, "OOM");
  lease.op = STORE_RELEASE;
  works(store, lease);
  works(store, get_k);
  cli("config set maxmemory 0");
  works(store, set_k);
  store_close(store);
}

static void test_data_of_a_newer_version_is_refused(void **state) {
  char url[80];
  Err err;
  cli("-n 3 set wemoon:format 3");
  snprintf(url, sizeof url, "redis://:hunter2@127.0.0.1:%d/3", port);
  assert_null(store_open(str_of(url), &err));
  assert_int_equal(err.code, ERR_FAILED);
  assert_non_null(strstr(err.text, "written by a newer wemoon"));
  cli("-n 3 flushdb");
  store_close(store_open(str_of(url), &err));
  cli("-n 3 get wemoon:format");
  assert_int_equal(shell("test \"$(cat out)\" = 2"), 0);
}

static void count_done(void *ctx, StoreReply *reply) {
  atomic_fetch_add((atomic_int *)ctx, reply->err.code == ERR_NONE ? 1 : 100);
  store_reply_free(reply);
}

static void test_a_kept_call_is_made_when_redis_is_back(void **state) {
  Store *store = OPEN("redis://:hunter2@127.0.0.1:%d/1", port);
  atomic_int done = 0;
  stop_redis();
  StoreCall kept = {
    .op = STORE_SET, .key = STR("kept"), .value = STR("v"), .ttl_ms = 30000, .keep_ms = 30000
  };
  StoreCall lost = kept, late = kept;
  lost.keep_ms = 0;
  late.key = STR("late"), late.ttl_ms = 1000;
  assert_true(store_call(store, &kept, count_done, &done, NULL));
  assert_true(store_call(store, &lost, count_done, &done, NULL));
  assert_true(store_call(store, &late, count_done, &done, NULL));
  sleep(2);
  assert_int_equal(atomic_load(&done),
                   200);  // the write that is not repeated, and the write whose time is over
  start_redis();
  for (int i = 0; i < 300 && atomic_load(&done) == 200; i++) usleep(10000);
  assert_int_equal(atomic_load(&done), 201);
  StoreReply *reply =
      call(store, (StoreCall){ .op = STORE_GET, .key = STR("kept"), .with_expiry = true });
  assert_true(reply->ok);
  assert_in_range(reply->expires_ms - clock_unix_ms(), 20000, 28500);
  store_reply_free(reply);
  cli("acl setuser app on '>p@ss/word?' '~*' '+@all'");
  store_close(store);
}

static void test_a_kept_call_fails_when_the_store_is_closed(void **state) {
  atomic_int done = 0;
  Store *store = OPEN("redis://127.0.0.1:1/0");
  StoreCall kept = set_k;
  kept.keep_ms = 60000;
  assert_true(store_call(store, &kept, count_done, &done, NULL));
  usleep(200000);
  store_close(store);
  assert_int_equal(atomic_load(&done), 100);
}

// ---- fake server --------------------------------------------------------------------------------

// Answers each command of a connection with the result of `answer`; NULL: no answer.
typedef struct {
  const char *(*answer)(int connection, const char *command);
  atomic_int pause_ms;  // between two bytes of an answer
  int fd, port;
  atomic_int connections;
  pthread_t thread;
} Fake;

static void say(const Fake *fake, int fd, const char *text) {
  for (; *text; text++) {
    if (send(fd, text, 1, MSG_NOSIGNAL) != 1) return;
    if (fake->pause_ms) usleep((useconds_t)fake->pause_ms * 1000);
  }
}

// A command is "*N", then N times "$LEN" and a word; words have no newline here.
static void serve(Fake *fake, int fd, int connection) {
  FILE *in = fdopen(fd, "r");
  char line[4000], command[100];
  while (fgets(line, sizeof line, in)) {
    int words = atoi(line + 1);
    command[0] = '\0';
    for (int i = 0; i < words; i++) {
      if (!fgets(line, sizeof line, in) || !fgets(line, sizeof line, in)) break;
      line[strcspn(line, "\r\n")] = '\0';
      if (i == 0) snprintf(command, sizeof command, "%.90s", line);
    }
    const char *text = fake->answer(connection, command);
    if (text) say(fake, fd, text);
  }
  fclose(in);
}

static void *fake_main(void *arg) {
  Fake *fake = arg;
  for (;;) {
    int fd = accept(fake->fd, NULL, NULL);
    if (fd < 0) return NULL;
    serve(fake, fd, atomic_fetch_add(&fake->connections, 1));
  }
}

static void start_fake(Fake *fake, const char *(*answer)(int, const char *)) {
  *fake = (Fake){ .answer = answer };
  fake->fd = listen_somewhere(&fake->port);
  pthread_create(&fake->thread, NULL, fake_main, fake);
}

static void stop_fake(Fake *fake) {
  shutdown(fake->fd, SHUT_RDWR);
  pthread_join(fake->thread, NULL);
  close(fake->fd);
}

static const char *refusal;

static const char *refuses_once(int connection, const char *command) {
  if (strcmp(command, "GET") == 0) return "$1\r\n2\r\n";
  return connection == 0 ? refusal : "+OK\r\n";
}

static void test_what_was_not_done_is_done_at_the_server_found_then(void **state) {
  static const char *const refusals[] = { "-READONLY You can't write\r\n",
                                          "-LOADING Redis is loading\r\n",
                                          "-MASTERDOWN Link with MASTER is down\r\n",
                                          "-CLUSTERDOWN Hash slot not served\r\n",
                                          "-NOAUTH Authentication required.\r\n" };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    Fake fake;
    refusal = refusals[i];
    start_fake(&fake, refuses_once);
    Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
    works(store, set_k);
    assert_int_equal(atomic_load(&fake.connections), 2);
    store_close(store);
    stop_fake(&fake);
  }
}

static const char *refuses_all(int connection, const char *command) {
  return strcmp(command, "GET") == 0 ? "$1\r\n2\r\n" : refusal;
}

static void test_a_refusal_is_told_with_where_and_what_to_do(void **state) {
  static const struct {
    const char *refusal, *told;
  } all[] = {
    { "-READONLY You can't write against a read only replica.\r\n",
      ": READONLY You can't write against a read only replica: it is a replica: give the store its "
      "master's address" },
    { "-LOADING Redis is loading\r\n", ": LOADING Redis is loading: it answers again once" },
    { "-MASTERDOWN Link is down\r\n", ": MASTERDOWN Link is down: start its master" },
    { "-CLUSTERDOWN Hash slot not served\r\n", "nodes of its cluster are missing" },
    { "-NOAUTH Authentication required.\r\n", "put its password into the store's address" },
    { "-NOPERM this user has no permissions\r\n", "give its user the right" },
    { "-OOM command not allowed\r\n", ": OOM command not allowed: raise its maxmemory" },
    { "-MISCONF Redis is configured to save\r\n", "it cannot save its data: free space" },
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    Fake fake;
    refusal = all[i].refusal;
    start_fake(&fake, refuses_all);
    Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
    char told[200];
    StoreReply *reply = call(store, set_k);
    snprintf(told, sizeof told, "Redis at 127.0.0.1:%d: ", fake.port);
    assert_non_null(strstr(reply->err.text, told));
    if (!strstr(reply->err.text, all[i].told)) fail_msg("it says: %s", reply->err.text);
    store_reply_free(reply);
    store_close(store);
    stop_fake(&fake);
  }
}

static const char *refuses_always(int connection, const char *command) {
  return strcmp(command, "GET") == 0 ? "$1\r\n2\r\n" : "-LOADING Redis is loading the dataset\r\n";
}

static void test_a_server_that_keeps_refusing_is_away(void **state) {
  Fake fake;
  start_fake(&fake, refuses_always);
  Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
  fails(store, set_k, ERR_NETWORK, "LOADING");
  Err err;
  assert_false(store_healthy(store, &err));
  assert_non_null(strstr(err.text, "store: Redis at 127.0.0.1"));
  store_close(store);
  stop_fake(&fake);
}

static const char *answers_greetings_alone(int connection, const char *command) {
  return strcmp(command, "GET") == 0 ? "$1\r\n2\r\n" : NULL;
}

static void test_a_call_that_is_not_answered_is_not_made_again(void **state) {
  Fake fake;
  start_fake(&fake, answers_greetings_alone);
  Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
  fails_once(store, set_k, ERR_NETWORK, "no answer in time");
  assert_int_equal(atomic_load(&fake.connections), 1);
  store_close(store);
  stop_fake(&fake);
}

static const char *answers(int connection, const char *command) {
  return strcmp(command, "GET") == 0 ? "$1\r\n2\r\n" : "+OK\r\n";
}

static void test_a_server_that_falls_silent_does_not_hold_a_listing(void **state) {
  Fake fake;
  start_fake(&fake, answers_greetings_alone);
  Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
  fails_once(store, (StoreCall){ .op = STORE_LIST, .key = STR("k"), .patience_ms = 10000 },
             ERR_NETWORK, "no answer in time");
  store_close(store);
  stop_fake(&fake);
}

static void test_a_server_that_drips_has_the_time_of_one_call(void **state) {
  Fake fake;
  start_fake(&fake, answers);
  Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
  fake.pause_ms = 400;
  fails(store, set_k, ERR_NETWORK, "no answer in time");
  store_close(store);
  stop_fake(&fake);
}

static void test_a_silent_server_keeps_nobody_from_opening(void **state) {
  int silent, fd = listen_somewhere(&silent);
  int64_t took_ms = INT64_MAX;
  for (int i = 0; i < TRIES && took_ms > 1100; i++) {
    int64_t began_ms = clock_now_ms();
    Store *store = OPEN("redis://127.0.0.1:%d/0", silent);
    took_ms = clock_now_ms() - began_ms;
    store_close(store);
  }
  assert_in_range(took_ms, 800, 1100);
  close(fd);
}

// A call to a server that answers so fails, and says why.
static void assert_told(const char *(*answer)(int, const char *), const char *why) {
  Fake fake;
  start_fake(&fake, answer);
  Store *store = OPEN("redis://127.0.0.1:%d/0", fake.port);
  fails(store, set_k, ERR_NETWORK, why);
  store_close(store);
  stop_fake(&fake);
}

static const char *speaks_nonsense(int connection, const char *command) {
  return "HTTP/1.1 400\r\n";
}

static void test_a_server_of_another_kind_is_told(void **state) {
  assert_told(speaks_nonsense, "Protocol error");
}

static const char *announces_too_much(int connection, const char *command) {
  return strcmp(command, "GET") == 0 ? "$1\r\n2\r\n" : "*2147483647\r\n";
}

static void test_an_array_that_no_memory_holds_is_refused(void **state) {
  assert_told(announces_too_much, "its answer is too large");
}

int main(void) {
  signal(SIGPIPE, SIG_DFL);
  log_setup(LOG_ERROR, LOG_TEXT);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_tls_works_with_the_certificate_that_is_named),
    cmocka_unit_test(test_tls_names_the_host_that_it_expects),
    cmocka_unit_test(test_a_certificate_that_is_not_trusted_is_refused),
    cmocka_unit_test(test_tls_to_a_port_without_it_is_told),
    cmocka_unit_test(test_a_user_has_a_password_of_its_own),
    cmocka_unit_test(test_a_unix_socket_works),
    cmocka_unit_test(test_a_replica_is_away_until_it_is_a_master_again),
    cmocka_unit_test(test_full_memory_fails_what_needs_some_and_gives_locks_back),
    cmocka_unit_test(test_data_of_a_newer_version_is_refused),
    cmocka_unit_test(test_a_kept_call_is_made_when_redis_is_back),
    cmocka_unit_test(test_a_kept_call_fails_when_the_store_is_closed),
    cmocka_unit_test(test_what_was_not_done_is_done_at_the_server_found_then),
    cmocka_unit_test(test_a_refusal_is_told_with_where_and_what_to_do),
    cmocka_unit_test(test_a_server_that_keeps_refusing_is_away),
    cmocka_unit_test(test_a_call_that_is_not_answered_is_not_made_again),
    cmocka_unit_test(test_a_server_that_drips_has_the_time_of_one_call),
    cmocka_unit_test(test_a_server_that_falls_silent_does_not_hold_a_listing),
    cmocka_unit_test(test_a_silent_server_keeps_nobody_from_opening),
    cmocka_unit_test(test_a_server_of_another_kind_is_told),
    cmocka_unit_test(test_an_array_that_no_memory_holds_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
