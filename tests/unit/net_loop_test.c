// The loop: order, threads, timers, signals, and its end.
#include "net/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_posted_runs_in_order_and_before_the_end),
    cmocka_unit_test(test_many_threads_may_post),
    cmocka_unit_test(test_what_is_posted_runs_on_the_loops_thread),
    cmocka_unit_test(test_a_timer_fires_once_and_not_early),
    cmocka_unit_test(test_a_repeating_timer_stops_from_within),
    cmocka_unit_test(test_timers_that_are_left_end_with_the_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
