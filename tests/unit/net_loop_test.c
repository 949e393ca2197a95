// The loop: order, threads, timers, signals, and its end.
#include "net/loop.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/clock.h"

enum { MANY = 10000, THREADS = 8 };

static Loop *new_loop(void) {
  Err err;
  Loop *loop = loop_new(&err);
  if (!loop) fail_msg("%s", err.text);
  return loop;
}

static void count(void *ctx) { atomic_fetch_add((atomic_int *)ctx, 1); }

static bool reaches(atomic_int *counter, int wanted) {
  for (int i = 0; i < 2000 && atomic_load(counter) < wanted; i++) usleep(1000);
  return atomic_load(counter) >= wanted;
}

// Replaces libuv's: counts the wake-ups of the loop's thread.
static atomic_int woken;

int uv_async_send(uv_async_t *async) {
  int (*own)(uv_async_t *) = (int (*)(uv_async_t *))dlsym(RTLD_NEXT, "uv_async_send");
  atomic_fetch_add(&woken, 1);
  return own(async);
}

typedef struct {
  int next;
  bool in_order;
} Order;

typedef struct {
  Order *order;
  int number;
} Numbered;

static void in_turn(void *ctx) {
  Numbered *self = ctx;
  self->order->in_order = self->order->in_order && self->order->next == self->number;
  self->order->next++;
}

static void test_what_is_posted_runs_in_order_and_before_the_end(void **state) {
  static Numbered items[MANY];
  Order order = { .in_order = true };
  Loop *loop = new_loop();
  for (int i = 0; i < MANY; i++) {
    items[i] = (Numbered){ .order = &order, .number = i };
    assert_true(loop_post(loop, in_turn, &items[i]));
  }
  loop_free(loop);
  assert_int_equal(order.next, MANY);
  assert_true(order.in_order);
}

typedef struct {
  Loop *loop;
  atomic_int *counter;
} Poster;

static void *post_many(void *arg) {
  Poster *poster = arg;
  for (int i = 0; i < MANY / THREADS; i++) loop_post(poster->loop, count, poster->counter);
  return NULL;
}

static void test_many_threads_may_post(void **state) {
  atomic_int counter = 0;
  Poster poster = { .loop = new_loop(), .counter = &counter };
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, post_many, &poster), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  loop_free(poster.loop);
  assert_int_equal(atomic_load(&counter), MANY / THREADS * THREADS);
}

typedef struct {
  Loop *loop;
  pthread_t thread;
  LoopTimer *timer;
  atomic_int ticks;
  int64_t begun_ms, fired_ms;
} Probe;

static void look(void *ctx) {
  Probe *probe = ctx;
  probe->thread = pthread_self();
}

static void test_what_is_posted_runs_on_the_loops_thread(void **state) {
  Probe probe = { .loop = new_loop(), .thread = pthread_self() };
  loop_post(probe.loop, look, &probe);
  loop_free(probe.loop);
  assert_false(pthread_equal(probe.thread, pthread_self()));
}

static void fire(void *ctx) {
  Probe *probe = ctx;
  probe->fired_ms = clock_now_ms();
  atomic_fetch_add(&probe->ticks, 1);
}

static void start_once(void *ctx) {
  Probe *probe = ctx;
  loop_timer(probe->loop, 50, 0, fire, probe);
}

static void test_a_timer_fires_once_and_not_early(void **state) {
  Probe probe = { .loop = new_loop(), .begun_ms = clock_now_ms() };
  loop_post(probe.loop, start_once, &probe);
  assert_true(reaches(&probe.ticks, 1));
  usleep(120 * 1000);
  loop_free(probe.loop);
  assert_int_equal(atomic_load(&probe.ticks), 1);
  assert_true(probe.fired_ms - probe.begun_ms >= 49);
}

static void tick_thrice(void *ctx) {
  Probe *probe = ctx;
  if (atomic_fetch_add(&probe->ticks, 1) + 1 == 3) loop_timer_stop(probe->timer);
}

static void start_repeating(void *ctx) {
  Probe *probe = ctx;
  probe->timer = loop_timer(probe->loop, 5, 5, tick_thrice, probe);
}

static void test_a_repeating_timer_stops_from_within(void **state) {
  Probe probe = { .loop = new_loop() };
  loop_post(probe.loop, start_repeating, &probe);
  assert_true(reaches(&probe.ticks, 3));
  usleep(50 * 1000);
  loop_free(probe.loop);
  assert_int_equal(atomic_load(&probe.ticks), 3);
}

enum { STOPPED = 300 };  // more than the loop keeps

static void stop_many_and_start(void *ctx) {
  Probe *probe = ctx;
  LoopTimer *timers[STOPPED];
  for (int i = 0; i < STOPPED; i++) timers[i] = loop_timer(probe->loop, 1, i % 2, fire, probe);
  for (int i = 0; i < STOPPED; i++) loop_timer_stop(timers[i]);
  probe->timer = loop_timer(probe->loop, 5, 5, tick_thrice, probe);
}

static void test_a_stopped_timer_is_silent_and_the_next_one_is_as_new(void **state) {
  Probe probe = { .loop = new_loop() };
  loop_post(probe.loop, stop_many_and_start, &probe);
  assert_true(reaches(&probe.ticks, 3));
  usleep(30000);
  loop_free(probe.loop);
  assert_int_equal(atomic_load(&probe.ticks), 3);
}

static void start_far(void *ctx) {
  Probe *probe = ctx;
  loop_timer(probe->loop, 3600 * 1000, 0, fire, probe);
  loop_timer(probe->loop, 3600 * 1000, 1000, fire, probe);
}

static void test_timers_that_are_left_end_with_the_loop(void **state) {
  Probe probe = { .loop = new_loop() };
  int64_t begun_ms = clock_now_ms();
  loop_post(probe.loop, start_far, &probe);
  loop_free(probe.loop);
  assert_true(clock_now_ms() - begun_ms < 1000);
  assert_int_equal(atomic_load(&probe.ticks), 0);
}

typedef struct {
  sem_t begun, may_end;
} Busy;

static void be_busy(void *ctx) {
  Busy *busy = ctx;
  sem_post(&busy->begun);
  sem_wait(&busy->may_end);
}

static void test_a_thread_that_is_awake_is_not_woken_for_more(void **state) {
  Busy busy;
  atomic_int counter = 0;
  Loop *loop = new_loop();
  sem_init(&busy.begun, 0, 0);
  sem_init(&busy.may_end, 0, 0);
  loop_post(loop, be_busy, &busy);
  sem_wait(&busy.begun);
  atomic_store(&woken, 0);
  for (int i = 0; i < MANY; i++) loop_post(loop, count, &counter);
  assert_int_equal(atomic_load(&woken), 0);
  sem_post(&busy.may_end);
  assert_true(reaches(&counter, MANY));
  loop_free(loop);
}

typedef struct {
  Loop *loop;
  LoopCall call;
  atomic_int calls, fired;
} Anew;

static void stop_anew(void *ctx) { atomic_store(&((Anew *)ctx)->fired, 1); }

static void add_anew(void *ctx) {
  Anew *anew = ctx;
  if (atomic_fetch_add(&anew->calls, 1) == 0) loop_timer(anew->loop, 200, 0, stop_anew, anew);
  if (!atomic_load(&anew->fired)) loop_call(anew->loop, &anew->call, add_anew, anew);
}

static void test_a_call_that_adds_itself_again_holds_no_timer_up(void **state) {
  Anew anew = { .loop = new_loop() };
  loop_call(anew.loop, &anew.call, add_anew, &anew);
  assert_true(reaches(&anew.fired, 1));
  assert_true(atomic_load(&anew.calls) > 2);
  loop_free(anew.loop);
}

// Fails, once the loop has begun, as libuv asks for a larger table.
static atomic_bool no_memory;

static void *own_realloc(void *block, size_t size) {
  return atomic_load(&no_memory) ? NULL : realloc(block, size);
}

static void watch_high(void *ctx) {
  static uv_poll_t poll;
  int any = eventfd(0, EFD_CLOEXEC), fd = fcntl(any, F_DUPFD_CLOEXEC, 900);
  assert_true(fd >= 900);
  assert_int_equal(uv_poll_init(loop_uv(ctx), &poll, fd), 0);
  uv_poll_start(&poll, UV_READABLE, NULL);
  uv_close((uv_handle_t *)&poll, NULL);
  close(fd);
  close(any);
}

static void test_without_memory_it_watches_a_descriptor_that_it_has_not_seen(void **state) {
  Loop *loop = new_loop();
  atomic_store(&no_memory, true);
  assert_true(loop_post(loop, watch_high, loop));
  loop_free(loop);
  atomic_store(&no_memory, false);
}

int main(void) {
  uv_replace_allocator(malloc, own_realloc, calloc, free);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_posted_runs_in_order_and_before_the_end),
    cmocka_unit_test(test_many_threads_may_post),
    cmocka_unit_test(test_what_is_posted_runs_on_the_loops_thread),
    cmocka_unit_test(test_a_timer_fires_once_and_not_early),
    cmocka_unit_test(test_a_repeating_timer_stops_from_within),
    cmocka_unit_test(test_a_stopped_timer_is_silent_and_the_next_one_is_as_new),
    cmocka_unit_test(test_timers_that_are_left_end_with_the_loop),
    cmocka_unit_test(test_a_thread_that_is_awake_is_not_woken_for_more),
    cmocka_unit_test(test_a_call_that_adds_itself_again_holds_no_timer_up),
    cmocka_unit_test(test_without_memory_it_watches_a_descriptor_that_it_has_not_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
