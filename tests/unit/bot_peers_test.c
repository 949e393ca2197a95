// Processes on one store: one of them gets a message, the others get its answer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "bot/peers.h"
#include "bot/peers_inner.h"
#include "another.h"
#include "redis_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// Two processes, `here` and `there`.
typedef struct {
  Store *store;
  JobPool *pool;
  Peers *here, *there;
  Buf answer;
  int64_t answered_s;
  PeersResult result;
  atomic_bool looked;
} Fixture;

static Store *open_store(const char *url) {
  Err err = { 0 };
  Store *store = store_open(str_of(url), &err);
  if (!store) fail_msg("%s", err.text);
  return store;
}

static void meet(Fixture *f, const char *url, int64_t window_s) {
  *f = (Fixture){ .store = open_store(url), .pool = job_pool_new() };
  f->here = peers_new(f->store, STR("wx1"), window_s);
  f->there = peers_new(f->store, STR("wx1"), window_s);
}

static void part(Fixture *f) {
  peers_free(f->here);
  peers_free(f->there);
  store_close(f->store);
  job_pool_free(f->pool);
  buf_clear(&f->answer);
}

static int set_up(void **state) {
  static Fixture f;
  meet(&f, "memory:", 60);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  part(*state);
  return 0;
}

static Job *job_known_as(Fixture *f, const char *identity) {
  Job *job = job_new(f->pool, 0);
  job->identity = arena_dup(job->arena, str_of(identity));
  return job;
}

// On the store's thread.
static void on_told(void *ctx, PeersResult result, Str packed, int64_t answered_s) {
  Fixture *f = ctx;
  buf_add(&f->answer, packed);
  f->answered_s = answered_s;
  f->result = result;
  atomic_store(&f->looked, true);
}

static PeersResult claim(Fixture *f, Peers *peers, Job *job) {
  buf_reset(&f->answer);
  atomic_store(&f->looked, false);
  if (!peers_claim(peers, job, on_told, f)) return PEERS_MINE;
  while (!atomic_load(&f->looked)) usleep(1000);
  return f->result;
}

static PeersResult look(Fixture *f, Peers *peers, Job *job) {
  buf_reset(&f->answer);
  atomic_store(&f->looked, false);
  if (!peers_ask(peers, job, on_told, f)) return PEERS_RUNNING;
  while (!atomic_load(&f->looked)) usleep(1000);
  return f->result;
}

static PeersResult wait_ms(Fixture *f, Peers *peers, Job *job, int64_t ms) {
  PeersResult result = PEERS_RUNNING;
  for (int64_t end_us = clock_now_us() + ms * 1000;
       result == PEERS_RUNNING && clock_now_us() < end_us; usleep(20000))
    result = look(f, peers, job);
  return result;
}

static void test_the_first_one_that_gets_a_message_has_it(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a"), *other = job_known_as(f, "b");
  assert_int_equal(claim(f, f->here, first), PEERS_MINE);
  assert_int_equal(claim(f, f->there, again), PEERS_RUNNING);
  assert_int_equal(claim(f, f->there, other), PEERS_MINE);
  peers_forget(f->here, first);
  peers_forget(f->there, other);
  job_release(first);
  job_release(again);
  job_release(other);
}

static atomic_int confirmed;

static void on_confirmed(void *ctx, bool mine) { atomic_store(&confirmed, mine ? 1 : -1); }

static int confirm(Peers *peers, Job *job) {
  atomic_store(&confirmed, 0);
  if (!peers_confirm(peers, job, on_confirmed, NULL)) return 0;
  while (atomic_load(&confirmed) == 0) usleep(1000);
  return atomic_load(&confirmed);
}

static void test_a_claim_that_lapsed_is_in_doubt_and_another_one_has_it_then(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  assert_false(peers_is_in_doubt(f->here, first));
  usleep((PEERS_CLAIM_MS + 100) * 1000);  // like a process that is stopped
  assert_true(peers_is_in_doubt(f->here, first));
  assert_false(peers_has_lost(f->here, first));
  assert_int_equal(claim(f, f->there, again), PEERS_MINE);
  assert_int_equal(confirm(f->here, first), -1);
  assert_true(peers_has_lost(f->here, first));
  peers_finish(f->here, first, STR("T:mine"));  // does not overwrite the other's answer
  assert_int_equal(confirm(f->there, again), 1);
  peers_finish(f->there, again, STR("T:theirs"));
  assert_int_equal(look(f, f->here, first), PEERS_ANSWERED);
  assert_string_equal(f->answer.ptr, "T:theirs");
  job_release(first);
  job_release(again);
}

static void test_a_claim_that_lapsed_is_asked_for_once_more_before_its_run(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  assert_true(peers_await_claim(f->here, first));
  usleep((PEERS_CLAIM_MS + 100) * 1000);  // like a process that is stopped
  assert_true(peers_await_claim(f->here, first));
  assert_false(peers_is_in_doubt(f->here, first));
  usleep((PEERS_CLAIM_MS + 100) * 1000);
  assert_int_equal(claim(f, f->there, again), PEERS_MINE);
  assert_false(peers_has_lost(f->here, first));
  assert_false(peers_await_claim(f->here, first));
  assert_true(peers_has_lost(f->here, first));
  assert_true(peers_await_claim(f->there, again));
  peers_forget(f->here, first);
  peers_forget(f->there, again);
  assert_true(peers_await_claim(f->there, again));  // there is no claim any more
  job_release(first);
  job_release(again);
}

static void test_a_claim_that_was_found_there_is_in_doubt_until_it_is_confirmed(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  assert_int_equal(claim(f, f->here, again), PEERS_MINE);  // as if the first reply had been lost
  assert_true(peers_is_in_doubt(f->here, again));
  assert_int_equal(confirm(f->here, again), 1);
  assert_false(peers_is_in_doubt(f->here, again));
  peers_forget(f->here, first);
  peers_forget(f->here, again);
  job_release(first);
  job_release(again);
}

static void test_a_claim_that_lapsed_and_is_free_is_had_again(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a");
  claim(f, f->here, job);
  usleep((PEERS_CLAIM_MS + 100) * 1000);
  assert_int_equal(confirm(f->here, job), 1);
  assert_false(peers_is_in_doubt(f->here, job));
  peers_forget(f->here, job);
  job_release(job);
}

// The claim of `here` lapses, and `there` has the message.
static void pass_claim(Fixture *f, Job *job, Job *other) {
  claim(f, f->here, job);
  usleep((PEERS_CLAIM_MS + 100) * 1000);
  claim(f, f->there, other);
  assert_int_equal(confirm(f->here, job), -1);
}

// `here` loses the message to `there`, which then lets it go.
static void lose_claim(Fixture *f, Job *job, Job *other) {
  pass_claim(f, job, other);
  peers_forget(f->there, other);
}

static void test_a_claim_that_was_lost_and_is_made_anew_is_ones_own(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  lose_claim(f, job, other);
  assert_int_equal(claim(f, f->here, job), PEERS_MINE);
  assert_false(peers_has_lost(f->here, job));
  assert_false(peers_is_in_doubt(f->here, job));
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
}

static atomic_int waits;  // calls of the store that were waited for

StoreReply *__real_store_call_wait(Store *store, const StoreCall *call, Err *err);
StoreReply *__wrap_store_call_wait(Store *store, const StoreCall *call, Err *err);

StoreReply *__wrap_store_call_wait(Store *store, const StoreCall *call, Err *err) {
  atomic_fetch_add(&waits, 1);
  return __real_store_call_wait(store, call, err);
}

static void await_second(int64_t since_us) {
  while (clock_now_us() - since_us < 1000 * 1000) usleep(10 * 1000);
}

static void test_the_store_is_asked_who_has_a_lost_claim_once_a_second(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  pass_claim(f, job, other);
  atomic_store(&waits, 0);
  int64_t begun_us = clock_now_us();
  for (int i = 0; i < 50; i++) assert_int_equal(peers_regain(f->here, job), PEERS_RUNNING);
  // this thread may stand still
  assert_in_range(atomic_load(&waits), 1, 1 + (clock_now_us() - begun_us) / (1000 * 1000));
  peers_forget(f->there, other);
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
}

static void test_a_lost_claim_is_had_again_once_the_other_leaves_the_message(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  pass_claim(f, job, other);
  int64_t asked_us = clock_now_us();
  assert_int_equal(peers_regain(f->here, job), PEERS_RUNNING);
  assert_true(peers_has_lost(f->here, job));
  peers_forget(f->there, other);
  await_second(asked_us + 100 * 1000);
  assert_int_equal(peers_regain(f->here, job), PEERS_MINE);
  assert_false(peers_has_lost(f->here, job));
  assert_int_equal(claim(f, f->there, other), PEERS_RUNNING);
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
}

static void test_who_asks_often_does_not_make_the_store_be_away_longer(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  lose_claim(f, job, other);
  peers_note_away(f->here);
  assert_int_equal(peers_regain(f->here, job), PEERS_RUNNING);
  for (int i = 0; i < 100 && peers_regain(f->here, job) == PEERS_RUNNING; i++) usleep(100 * 1000);
  assert_false(peers_has_lost(f->here, job));
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
}

static void test_a_lost_claim_is_over_once_the_other_has_answered(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  pass_claim(f, job, other);
  peers_finish(f->there, other, STR("T:theirs"));
  assert_int_equal(peers_regain(f->here, job), PEERS_ANSWERED);
  assert_true(peers_has_lost(f->here, job));
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
}

static void test_who_is_alone_now_has_a_message_whose_claim_it_had_lost(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = dedupe_new(60);
  Job *job = job_known_as(f, "a"), *other = job_known_as(f, "a");
  lose_claim(f, job, other);
  peers_keep_to_oneself(f->here, dedupe);
  assert_true(peers_is_alone(f->here, job));
  assert_int_equal(claim(f, f->here, job), PEERS_MINE);
  assert_false(peers_has_lost(f->here, job));
  assert_int_not_equal(confirm(f->here, job), -1);
  peers_forget(f->here, job);
  job_release(job);
  job_release(other);
  peers_free(f->here);
  f->here = NULL;
  dedupe_free(dedupe);
}

static void test_its_answer_and_the_time_of_it_are_there_for_the_others(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  first->answered_s = 1800000000;
  peers_finish(f->here, first, str_make("T:hi\0there", 10));
  assert_int_equal(claim(f, f->there, again), PEERS_ANSWERED);
  assert_int_equal(f->answer.len, 10);
  assert_memory_equal(f->answer.ptr, "T:hi\0there", 10);
  assert_int_equal(f->answered_s, 1800000000);
  job_release(first);
  job_release(again);
}

static void
test_who_waits_has_nothing_at_the_deadline_and_the_answer_once_it_is_there(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  assert_int_equal(wait_ms(f, f->there, again, 60), PEERS_RUNNING);
  peers_finish(f->here, first, STR("Thi"));
  assert_int_equal(wait_ms(f, f->there, again, 5000), PEERS_ANSWERED);
  assert_string_equal(f->answer.ptr, "Thi");
  job_release(first);
  job_release(again);
}

static void test_what_was_not_run_is_anybodys(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  peers_forget(f->here, first);
  assert_int_equal(wait_ms(f, f->there, again, 5000), PEERS_MINE);
  assert_int_equal(claim(f, f->there, again), PEERS_MINE);
  peers_forget(f->there, again);
  job_release(first);
  job_release(again);
}

static void test_a_claim_stays_while_it_is_renewed_and_lapses_after(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a");
  claim(f, f->here, first);
  for (int64_t end_us = clock_now_us() + (PEERS_CLAIM_MS + 600) * 1000; clock_now_us() < end_us;
       usleep(100000))
    peers_renew(f->here, clock_now_us());
  assert_int_equal(claim(f, f->there, again), PEERS_RUNNING);
  // The process has died: its claim is not renewed.
  assert_int_equal(wait_ms(f, f->there, again, PEERS_CLAIM_MS + 1000), PEERS_MINE);
  peers_forget(f->here, first);
  job_release(first);
  job_release(again);
}

static void test_a_claim_that_lapsed_takes_nothing_from_its_successor(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *again = job_known_as(f, "a"), *third = job_known_as(f, "a");
  claim(f, f->here, first);
  usleep((PEERS_CLAIM_MS + 100) * 1000);
  assert_int_equal(claim(f, f->there, again), PEERS_MINE);
  peers_forget(f->here, first);
  assert_int_equal(claim(f, f->here, third), PEERS_RUNNING);
  peers_forget(f->there, again);
  job_release(first);
  job_release(again);
  job_release(third);
}

static void test_accounts_do_not_meet(void **state) {
  Fixture *f = *state;
  Peers *another = peers_new(f->store, STR("wx2"), 60);
  Job *first = job_known_as(f, "a"), *theirs = job_known_as(f, "a");
  claim(f, f->here, first);
  assert_int_equal(claim(f, another, theirs), PEERS_MINE);
  peers_forget(f->here, first);
  peers_forget(another, theirs);
  peers_free(another);
  job_release(first);
  job_release(theirs);
}

static void test_without_a_window_answers_are_not_kept(void **state) {
  Fixture f;
  meet(&f, "memory:", 0);
  Job *first = job_known_as(&f, "a"), *again = job_known_as(&f, "a");
  claim(&f, f.here, first);
  peers_finish(f.here, first, STR("Thi"));
  assert_int_equal(claim(&f, f.there, again), PEERS_MINE);
  peers_forget(f.there, again);
  job_release(first);
  job_release(again);
  part(&f);
}

static void test_an_identity_too_long_for_a_key_is_nobody_elses(void **state) {
  Fixture *f = *state;
  static char name[STORE_KEY_MAX + 1];
  memset(name, 'x', sizeof name - 1);
  Job *first = job_known_as(f, name), *again = job_known_as(f, name);
  assert_int_equal(claim(f, f->here, first), PEERS_MINE);
  assert_int_equal(claim(f, f->there, again), PEERS_MINE);
  job_release(first);
  job_release(again);
}

static void count_line(void *ctx, LogLevel level, Str message) { ++*(int *)ctx; }

static void test_while_the_store_is_away_a_script_waits_for_it_once_a_second_at_most(void **state) {
  Fixture f;
  meet(&f, "redis://127.0.0.1:1", 60);
  Job *job = job_known_as(&f, "a");
  claim(&f, f.here, job);
  usleep(1100000);
  assert_int_equal(confirm(f.here, job), 1);
  assert_int_equal(confirm(f.here, job), 0);
  assert_false(peers_has_lost(f.here, job));
  peers_forget(f.here, job);
  job_release(job);
  part(&f);
}

static void
test_while_the_store_is_away_every_message_is_ones_own_and_one_warning_says_so(void **state) {
  Fixture f;
  int lines = 0;
  meet(&f, "redis://127.0.0.1:1", 60);
  Job *first = job_known_as(&f, "a"), *again = job_known_as(&f, "a");
  log_divert(count_line, &lines);
  int64_t began_us = clock_now_us();
  assert_int_equal(claim(&f, f.here, first), PEERS_MINE);
  assert_true(clock_now_us() - began_us < 1100000);
  began_us = clock_now_us();
  assert_int_equal(claim(&f, f.here, again), PEERS_MINE);
  assert_true(clock_now_us() - began_us < 20000);
  peers_forget(f.here, first);
  usleep(1100000);
  assert_int_equal(claim(&f, f.here, again), PEERS_MINE);
  peers_forget(f.here, again);
  log_divert(NULL, NULL);
  assert_int_equal(lines, 1);
  job_release(first);
  job_release(again);
  part(&f);
}

// Tries a message again while Redis is away; another process, which had it, tells so once Redis is back. *took_ms:
// since the try began.
static PeersResult try_while_away(Fixture *f, const char *identity, int64_t *took_ms) {
  Job *job = job_known_as(f, identity);
  job->created_s = clock_unix_s() - 5;
  redis_server_stop();
  peers_mark(f->there, str_of(identity));
  int64_t began_ms = clock_now_ms();
  atomic_store(&f->looked, false);
  assert_true(peers_claim(f->here, job, on_told, f));
  usleep(2200 * 1000);
  assert_true(redis_store_restart());
  while (!atomic_load(&f->looked)) usleep(1000);
  *took_ms = clock_now_ms() - began_ms;
  peers_forget(f->here, job);
  job_release(job);
  return f->result;
}

static void
test_another_try_waits_for_a_store_that_is_away_and_for_what_it_is_told_then(void **state) {
  static const char *const identities[] = { "a", "b", "c", "d" };  // a busy machine takes too long
  PeersResult result = PEERS_MINE;
  int64_t took_ms = INT64_MAX;
  char url[64];
  Fixture f;
  store_close(redis_store_open());
  snprintf(url, sizeof url, "redis://127.0.0.1:%d/0", redis_store_port);
  meet(&f, url, 60);
  for (int i = 0; i < 4 && result != PEERS_ANSWERED; i++) {
    result = try_while_away(&f, identities[i], &took_ms);
    assert_true(result == PEERS_ANSWERED || took_ms > 3400);
  }
  assert_int_equal(result, PEERS_ANSWERED);
  part(&f);
  redis_server_stop();
}

static int listen_in_silence(int *port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(fd, 64), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

static void test_another_try_waits_for_a_silent_store_for_as_long_as_is_said(void **state) {
  int port, fd = listen_in_silence(&port);
  int64_t took_ms = INT64_MAX;
  char url[64];
  Fixture f;
  snprintf(url, sizeof url, "redis://127.0.0.1:%d/0", port);
  meet(&f, url, 60);
  for (int i = 0; i < 3 && took_ms > 4400; i++) {  // a busy machine takes longer
    Job *job = job_known_as(&f, "a");
    job->created_s = clock_unix_s() - 5;
    int64_t began_ms = clock_now_ms();
    assert_int_equal(claim(&f, f.here, job), PEERS_MINE);
    took_ms = clock_now_ms() - began_ms;
    peers_forget(f.here, job);
    job_release(job);
  }
  assert_in_range(took_ms, 3000, 4400);
  part(&f);
  close(fd);
}

// ---- telling others what was answered ---------------------------------------------------------------

enum { UNDER_WAY_MOST = 2048 + 64, HELD_MOST = 8192 };

// What peers asks of the store, while `watching`.
typedef struct {
  StoreDone done;
  void *ctx;
} Watched;

static atomic_bool watching, holding;
static atomic_int calls, under_way, highest;
static int first_number, last_number;
static bool is_in_order;
static Watched held[HELD_MOST];
static atomic_int held_count;

bool __real_store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err);
bool __wrap_store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err);

static void on_watched(void *ctx, StoreReply *reply) {
  Watched watched = *(Watched *)ctx;
  free(ctx);
  atomic_fetch_sub(&under_way, 1);
  watched.done(watched.ctx, reply);
}

// "answer/wx1/m17" is 17.
static int number_of(Str key) {
  int64_t number = -1;
  if (str_starts(key, STR("answer/wx1/m"))) str_to_int64(str_sub(key, 12, key.len), &number);
  return (int)number;
}

// A piece is told by one thread at a time.
static void watch(Str key) {
  int number = number_of(key), now = atomic_fetch_add(&under_way, 1) + 1;
  if (atomic_fetch_add(&calls, 1) == 0) first_number = number;
  else if (number != last_number - 1) is_in_order = false;
  last_number = number;
  if (now > atomic_load(&highest)) atomic_store(&highest, now);
}

bool __wrap_store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err) {
  if (!atomic_load(&watching) || call->op != STORE_SET)
    return __real_store_call(store, call, done, ctx, err);
  watch(call->key);
  if (atomic_load(&holding)) {
    held[atomic_fetch_add(&held_count, 1)] = (Watched){ done, ctx };
    return true;
  }
  Watched *watched = malloc(sizeof *watched);
  *watched = (Watched){ done, ctx };
  return __real_store_call(store, call, on_watched, watched, err);
}

static void begin_watching(bool holds) {
  atomic_store(&calls, 0);
  atomic_store(&under_way, 0);
  atomic_store(&highest, 0);
  atomic_store(&held_count, 0);
  is_in_order = true;
  atomic_store(&holding, holds);
  atomic_store(&watching, true);
}

static void end_held(ErrCode code) {
  for (int i = 0; i < atomic_load(&held_count); i++) {
    StoreReply *reply = calloc(1, sizeof *reply);
    reply->err.code = code;
    held[i].done(held[i].ctx, reply);
  }
}

static void end_watching(void) {
  atomic_store(&watching, false);
  end_held(ERR_NONE);
}

// Answers "m<from>" to "m<to - 1>", `ago_s` ago.
static void answer_many(Fixture *f, Dedupe *dedupe, int from, int to, int64_t ago_s) {
  int64_t now_us = clock_now_us() - ago_s * 1000000, answered_s;
  Job *running;
  for (int i = from; i < to; i++) {
    char name[16];
    snprintf(name, sizeof name, "m%d", i);
    Job *job = job_known_as(f, name);
    assert_int_equal(dedupe_enter(dedupe, job, now_us, &running, &f->answer, &answered_s),
                     DEDUPE_NEW);
    dedupe_finish(dedupe, job, STR("Tok"), now_us);
    job_release(job);
  }
}

static int64_t in_s(int64_t s) { return clock_now_us() + s * 1000000; }

static PeersResult claim_named(Fixture *f, Peers *peers, const char *name) {
  Job *job = job_known_as(f, name);
  PeersResult result = claim(f, peers, job);
  if (result == PEERS_MINE) peers_forget(peers, job);
  job_release(job);
  return result;
}

static Dedupe *keep_to_oneself(Fixture *f) {
  Dedupe *dedupe = dedupe_new(60);
  peers_keep_to_oneself(f->here, dedupe);
  return dedupe;
}

static void leave_for_good(Fixture *f, Dedupe *dedupe) {
  peers_free(f->here);
  f->here = NULL;
  dedupe_free(dedupe);
}

static void test_who_leaves_tells_all_in_pieces_the_newest_first(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 20000, 10);
  begin_watching(false);
  peers_leave(f->here, in_s(60));
  leave_for_good(f, dedupe);
  while (atomic_load(&under_way) > 0) usleep(1000);
  end_watching();
  assert_int_equal(atomic_load(&calls), 20000);
  assert_int_equal(first_number, 19999);
  assert_true(is_in_order);
  assert_in_range(atomic_load(&highest), 1, UNDER_WAY_MOST);
  assert_int_equal(claim_named(f, f->there, "m0"), PEERS_ANSWERED);
  assert_string_equal(f->answer.ptr, "Tok");
  assert_int_equal(claim_named(f, f->there, "m19999"), PEERS_ANSWERED);
  assert_int_equal(claim_named(f, f->there, "m20000"), PEERS_MINE);
}

static void test_called_again_it_tells_what_was_answered_since(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 5000, 10);
  peers_leave(f->here, in_s(60));
  answer_many(f, dedupe, 5000, 5010, 0);
  begin_watching(false);
  peers_leave(f->here, in_s(60));
  leave_for_good(f, dedupe);
  while (atomic_load(&under_way) > 0) usleep(1000);
  end_watching();
  assert_int_equal(atomic_load(&calls), 10);
  assert_int_equal(claim_named(f, f->there, "m5009"), PEERS_ANSWERED);
}

// Whatever the clocks say: the last ones are only just answered, and those that follow are answered by a thread that read
// the clock earlier. Those of the last second were written twice.
static void test_called_again_at_once_it_tells_nothing_twice(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 3000, 0);
  peers_leave(f->here, in_s(60));
  begin_watching(false);
  peers_leave(f->here, in_s(60));
  assert_int_equal(atomic_load(&calls), 0);
  answer_many(f, dedupe, 3000, 3010, 5);
  peers_leave(f->here, in_s(60));
  peers_leave(f->here, in_s(60));
  leave_for_good(f, dedupe);
  while (atomic_load(&under_way) > 0) usleep(1000);
  end_watching();
  assert_int_equal(atomic_load(&calls), 10);
  assert_int_equal(claim_named(f, f->there, "m3000"), PEERS_ANSWERED);
}

static void find_untold(void *ctx, LogLevel level, Str message) {
  sscanf(message.ptr, "%d answered messages, the oldest, could not be written", (int *)ctx);
}

static void find_failed(void *ctx, LogLevel level, Str message) {
  sscanf(message.ptr, "%d answered messages could not be written", (int *)ctx);
}

static int leave_held(Fixture *f, int64_t until_us) {
  int untold = 0;
  begin_watching(true);
  log_divert(find_untold, &untold);
  peers_leave(f->here, until_us);
  log_divert(NULL, NULL);
  return untold;
}

static void test_what_could_not_be_told_in_time_is_counted_and_said(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 20000, 10);
  int untold = leave_held(f, clock_now_us() + 100000);
  int told = atomic_load(&calls);
  assert_in_range(told, 1, UNDER_WAY_MOST);
  assert_int_equal(untold, 20000 - told);
  leave_for_good(f, dedupe);
  end_watching();  // the store has written them only now
  assert_int_equal(atomic_load(&calls), told);
}

static void test_what_was_not_told_is_told_when_it_is_called_again(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 5000, 10);
  assert_int_not_equal(leave_held(f, clock_now_us() + 100000), 0);
  end_watching();
  begin_watching(false);
  peers_leave(f->here, in_s(60));
  leave_for_good(f, dedupe);
  while (atomic_load(&under_way) > 0) usleep(1000);
  end_watching();
  assert_int_equal(claim_named(f, f->there, "m0"), PEERS_ANSWERED);
}

// Told, but the store is away until it is closed.
static void test_what_the_store_did_not_write_is_counted_and_said_at_the_end(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  int failed = 0;
  answer_many(f, dedupe, 0, 300, 10);
  assert_int_equal(leave_held(f, in_s(60)), 0);
  leave_for_good(f, dedupe);
  atomic_store(&watching, false);
  log_divert(find_failed, &failed);
  end_held(ERR_FAILED);
  log_divert(NULL, NULL);
  assert_int_equal(failed, 300);
}

static void test_what_the_store_did_not_write_is_told_when_it_is_called_again(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  int failed = 0;
  answer_many(f, dedupe, 0, 300, 10);
  assert_int_equal(leave_held(f, in_s(60)), 0);
  end_held(ERR_FAILED);
  begin_watching(false);
  peers_leave(f->here, in_s(60));
  log_divert(find_failed, &failed);
  leave_for_good(f, dedupe);
  while (atomic_load(&under_way) > 0) usleep(1000);
  log_divert(NULL, NULL);
  end_watching();
  assert_int_equal(failed, 0);
  assert_int_equal(claim_named(f, f->there, "m0"), PEERS_ANSWERED);
}

static void test_a_store_that_writes_nothing_is_not_waited_for_to_the_end(void **state) {
  Fixture *f = *state;
  Dedupe *dedupe = keep_to_oneself(f);
  answer_many(f, dedupe, 0, 5000, 10);
  int64_t began_us = clock_now_us();
  assert_int_not_equal(leave_held(f, in_s(60)), 0);
  assert_true(clock_now_us() - began_us < 30 * 1000000);
  leave_for_good(f, dedupe);
  end_watching();
}

static void test_a_process_that_comes_is_told_without_waiting_for_the_store(void **state) {
  char path[] = "/tmp/peers-XXXXXX", url[64];
  Fixture f;
  close(mkstemp(path));
  snprintf(url, sizeof url, "sqlite:%s", path);
  meet(&f, url, 60);
  Dedupe *dedupe = keep_to_oneself(&f);
  answer_many(&f, dedupe, 0, 20000, 10);
  begin_watching(true);
  assert_true(another_opens(path));
  for (int i = 0; i < 2000 && store_company(f.store) == STORE_ALONE; i++) usleep(5000);
  peers_look(f.here);
  assert_in_range(atomic_load(&calls), 1, UNDER_WAY_MOST);
  assert_int_equal(first_number, 19999);
  atomic_store(&holding, false);
  int first = atomic_exchange(&held_count, 0);
  for (int i = 0; i < first; i++) held[i].done(held[i].ctx, calloc(1, sizeof(StoreReply)));
  while (atomic_load(&calls) < 20000 || atomic_load(&under_way) > first) usleep(1000);
  end_watching();
  assert_true(is_in_order);
  assert_int_equal(claim_named(&f, f.there, "m0"), PEERS_ANSWERED);
  leave_for_good(&f, dedupe);
  another_ends();
  part(&f);
  unlink(path);
}

// ---- many threads -------------------------------------------------------------------------------

enum { THREADS = 4, MESSAGES = 200 };

typedef struct {
  Fixture *f;
  Peers *peers;
  atomic_bool told;
  PeersResult result;
  int ran;
} Crowd;

static void on_told_in_crowd(void *ctx, PeersResult result, Str packed, int64_t answered_s) {
  Crowd *crowd = ctx;
  crowd->result = result;
  atomic_store(&crowd->told, true);
}

static PeersResult claim_in_crowd(Crowd *crowd, Job *job) {
  atomic_store(&crowd->told, false);
  if (!peers_claim(crowd->peers, job, on_told_in_crowd, crowd)) return PEERS_MINE;
  while (!atomic_load(&crowd->told)) usleep(100);
  return crowd->result;
}

static void *answer_all(void *arg) {
  Crowd *crowd = arg;
  for (int i = 0; i < MESSAGES; i++) {
    char name[16];
    snprintf(name, sizeof name, "m%d", i);
    Job *job = job_known_as(crowd->f, name);
    if (claim_in_crowd(crowd, job) == PEERS_MINE) {
      crowd->ran++;
      peers_finish(crowd->peers, job, STR("Tok"));
    }
    peers_renew(crowd->peers, clock_now_us() + 1000000);
    job_release(job);
  }
  return NULL;
}

// Within a process dedupe ensures that a message is claimed once; here each thread acts as a process.
static void test_of_many_that_get_the_same_messages_each_is_run_once(void **state) {
  Fixture *f = *state;
  Crowd crowd[THREADS];
  pthread_t threads[THREADS];
  int ran = 0;
  for (int i = 0; i < THREADS; i++) {
    crowd[i] = (Crowd){ .f = f, .peers = peers_new(f->store, STR("wx1"), 60) };
    pthread_create(&threads[i], NULL, answer_all, &crowd[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    peers_free(crowd[i].peers);
    ran += crowd[i].ran;
  }
  assert_int_equal(ran, MESSAGES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(the_first_one_that_gets_a_message_has_it),
    TEST(its_answer_and_the_time_of_it_are_there_for_the_others),
    TEST(who_waits_has_nothing_at_the_deadline_and_the_answer_once_it_is_there),
    TEST(what_was_not_run_is_anybodys),
    TEST(a_claim_stays_while_it_is_renewed_and_lapses_after),
    TEST(a_claim_that_lapsed_takes_nothing_from_its_successor),
    TEST(a_claim_that_lapsed_is_in_doubt_and_another_one_has_it_then),
    TEST(a_claim_that_lapsed_is_asked_for_once_more_before_its_run),
    TEST(a_claim_that_lapsed_and_is_free_is_had_again),
    TEST(a_claim_that_was_lost_and_is_made_anew_is_ones_own),
    TEST(the_store_is_asked_who_has_a_lost_claim_once_a_second),
    TEST(a_lost_claim_is_had_again_once_the_other_leaves_the_message),
    TEST(who_asks_often_does_not_make_the_store_be_away_longer),
    TEST(a_lost_claim_is_over_once_the_other_has_answered),
    TEST(who_is_alone_now_has_a_message_whose_claim_it_had_lost),
    TEST(a_claim_that_was_found_there_is_in_doubt_until_it_is_confirmed),
    TEST(accounts_do_not_meet),
    cmocka_unit_test(test_without_a_window_answers_are_not_kept),
    TEST(an_identity_too_long_for_a_key_is_nobody_elses),
    cmocka_unit_test(test_while_the_store_is_away_a_script_waits_for_it_once_a_second_at_most),
    cmocka_unit_test(
        test_while_the_store_is_away_every_message_is_ones_own_and_one_warning_says_so),
    cmocka_unit_test(test_another_try_waits_for_a_store_that_is_away_and_for_what_it_is_told_then),
    cmocka_unit_test(test_another_try_waits_for_a_silent_store_for_as_long_as_is_said),
    TEST(of_many_that_get_the_same_messages_each_is_run_once),
    TEST(who_leaves_tells_all_in_pieces_the_newest_first),
    TEST(called_again_it_tells_what_was_answered_since),
    TEST(called_again_at_once_it_tells_nothing_twice),
    TEST(what_could_not_be_told_in_time_is_counted_and_said),
    TEST(what_was_not_told_is_told_when_it_is_called_again),
    TEST(what_the_store_did_not_write_is_counted_and_said_at_the_end),
    TEST(what_the_store_did_not_write_is_told_when_it_is_called_again),
    TEST(a_store_that_writes_nothing_is_not_waited_for_to_the_end),
    cmocka_unit_test(test_a_process_that_comes_is_told_without_waiting_for_the_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
