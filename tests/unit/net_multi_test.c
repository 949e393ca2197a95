// net/multi: at most as many transfers at once as there are descriptors; the rest wait their turn.
#include "client_side.h"

static bool behave(void *ctx, const PeerRequest *request) {
  if (is(request, "/silence")) return sleep(3), false;
  if (is(request, "/slow")) usleep(100000);
  return peer_json(request->fd, "end");
}

enum { AT_ONCE = 128 };

typedef struct {
  atomic_int ok, timeout, cancelled, other;
} Counts;

static void count(void *ctx, ClientResult *result) {
  Counts *counts = ctx;
  atomic_int *of = result->outcome == CLIENT_OK          ? &counts->ok
                   : result->outcome == CLIENT_TIMEOUT   ? &counts->timeout
                   : result->outcome == CLIENT_CANCELLED ? &counts->cancelled
                                                         : &counts->other;
  atomic_fetch_add(of, 1);
  client_result_free(result);
}

static void wait_until_idle(void) {
  for (int i = 0; i < 2000 && client_active(client); i++) usleep(5000);
  assert_int_equal(client_active(client), 0);
}

static void test_more_than_fit_at_once_wait_and_are_all_answered(void **state) {
  Counts counts = { 0 };
  ClientRequest request = get("/slow");
  for (int i = 0; i < 3 * AT_ONCE; i++)
    assert_true(client_send(client, &request, count, &counts, NULL));
  usleep(50000);
  assert_in_range(atomic_load(&peer.open), 0, AT_ONCE);
  wait_until_idle();
  assert_int_equal(counts.ok, 3 * AT_ONCE);
}

static void test_who_waits_can_be_cancelled_and_times_out_as_any_other(void **state) {
  Counts counts = { 0 };
  uint64_t ids[AT_ONCE];
  ClientRequest silent = get("/silence"), later = get("/slow");
  later.timeout_ms = 200;
  for (int i = 0; i < AT_ONCE; i++) ids[i] = client_send(client, &silent, count, &counts, NULL);
  uint64_t waiting = client_send(client, &later, count, &counts, NULL);
  assert_true(client_send(client, &later, count, &counts, NULL));
  client_cancel(client, waiting);
  usleep(400000);
  assert_int_equal(counts.cancelled, 1);
  assert_int_equal(counts.timeout, 1);
  later.timeout_ms = 5000;
  assert_true(client_send(client, &later, count, &counts, NULL));
  for (int i = 0; i < AT_ONCE; i++) client_cancel(client, ids[i]);
  wait_until_idle();
  assert_int_equal(counts.ok, 1);
  assert_int_equal(counts.cancelled, AT_ONCE + 1);
}

static int set_up(void **state) {
  side_open(behave);
  client_free(client);
  struct rlimit limit, low;
  getrlimit(RLIMIT_NOFILE, &limit);
  low = (struct rlimit){ 800, limit.rlim_max };
  if (limit.rlim_max > 800) low.rlim_max = 800;  // the client raises the limit to the maximum
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
  client = client_new(loop, &(ClientOptions){ 0 }, NULL);
  return client ? 0 : -1;
}

static int tear_down(void **state) {
  side_close();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_more_than_fit_at_once_wait_and_are_all_answered),
    cmocka_unit_test(test_who_waits_can_be_cancelled_and_times_out_as_any_other),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
