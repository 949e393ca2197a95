// A name server that is silent holds up nobody but those who ask for the name.
#include "client_side.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PATIENCE_MS = 500, SILENCE_MS = 4000 };

static atomic_int lookups;  // under way

// Here in place of the library's: a name below .invalid is looked up for long, and not found.
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
  int (*original)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  *(void **)&original = dlsym(RTLD_NEXT, "getaddrinfo");
  if (!name || !strstr(name, ".invalid")) return original(name, service, hints, found);
  atomic_fetch_add(&lookups, 1);
  for (int i = 0; i < SILENCE_MS; i++) usleep(1000);
  atomic_fetch_sub(&lookups, 1);
  return EAI_AGAIN;
}

static bool behave(void *ctx, const PeerRequest *request) {
  return peer_json(request->fd, "hello");
}

static void wait_for_lookups(int wanted) {
  for (int i = 0; i < 30 * 1000 && atomic_load(&lookups) != wanted; i++) usleep(1000);
  assert_int_equal(atomic_load(&lookups), wanted);
}

static ClientRequest get_from_nowhere(int timeout_ms) {
  ClientRequest request = get("/");
  request.url = STR("http://silent.invalid/");
  request.timeout_ms = timeout_ms;
  return request;
}

static void test_a_lookup_ends_with_its_time_and_holds_nobody_up(void **state) {
  Box silent = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };
  ClientRequest request = get_from_nowhere(PATIENCE_MS);
  int64_t began_ms = clock_now_ms();
  assert_true(client_send(client, &request, put, &silent, NULL) != 0);
  wait_for_lookups(1);
  ClientResult *late = take(&silent), *other = run(get("/hello"));
  int64_t took_ms = clock_now_ms() - began_ms;
  assert_int_equal(late->outcome, CLIENT_TIMEOUT);
  assert_int_equal(other->outcome, CLIENT_OK);
  // Before the name server gives up.
  assert_int_equal(atomic_load(&lookups), 1);
  assert_in_range(took_ms, PATIENCE_MS, SILENCE_MS - 1);
  client_result_free(late);
  client_result_free(other);
  wait_for_lookups(0);
}

static void test_a_client_ends_while_a_name_is_looked_up(void **state) {
  Client *short_lived = client_new(loop, &(ClientOptions){ 0 }, NULL);
  Box silent = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };
  ClientRequest request = get_from_nowhere(60 * 1000);
  assert_true(client_send(short_lived, &request, put, &silent, NULL) != 0);
  wait_for_lookups(1);
  client_free(short_lived);
  assert_int_equal(atomic_load(&lookups), 1);
  client_result_free(take(&silent));
  wait_for_lookups(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_lookup_ends_with_its_time_and_holds_nobody_up),
    cmocka_unit_test(test_a_client_ends_while_a_name_is_looked_up),
  };
  return cmocka_run_group_tests(tests, side_set_up, side_tear_down);
}
