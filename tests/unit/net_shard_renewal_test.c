// net/shard when libcurl has no memory: its multi handle fails, and at first there is none to replace it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curl/curl.h>
#include <dlfcn.h>
#include <semaphore.h>

#include "http_peer.h"
#include "net/client.h"

static Loop *loop;
static Client *client;

// ---- libcurl ------------------------------------------------------------------------------------

static atomic_bool fails_next, has_no_memory;

CURLM *curl_multi_init(void) {
  CURLM *(*own)(void) = (CURLM * (*)(void)) dlsym(RTLD_NEXT, "curl_multi_init");
  return atomic_load(&has_no_memory) ? NULL : own();
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int flags, int *running) {
  CURLMcode (*own)(CURLM *, curl_socket_t, int, int *) =
      (CURLMcode(*)(CURLM *, curl_socket_t, int, int *))dlsym(RTLD_NEXT,
                                                              "curl_multi_socket_action");
  return atomic_exchange(&fails_next, false) ? CURLM_OUT_OF_MEMORY : own(multi, fd, flags, running);
}

// ---- a server that does not answer /late --------------------------------------------------------

static Peer peer;
static sem_t asked;

static bool answer(void *ctx, const PeerRequest *request) {
  bool late = strcmp(request->target, "/late") == 0;
  if (!late)
    peer_raw(request->fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  sem_post(&asked);
  return late;
}

// ---- requests -----------------------------------------------------------------------------------

typedef struct {
  char url[64];
  ClientRequest request;
  ClientOutcome outcome;
  sem_t over;
} Asking;

static void on_answer(void *ctx, ClientResult *result) {
  Asking *asking = ctx;
  asking->outcome = result->outcome;
  client_result_free(result);
  sem_post(&asking->over);
}

static void ask(Asking *asking, const char *path, int64_t timeout_ms) {
  snprintf(asking->url, sizeof asking->url, "http://127.0.0.1:%d%s", peer.port, path);
  asking->request = (ClientRequest){ .method = STR("GET"),
                                     .url = str_of(asking->url),
                                     .repeatable = true,
                                     .response_max = 1000,
                                     .timeout_ms = timeout_ms };
  sem_init(&asking->over, 0, 0);
  assert_true(client_send(client, &asking->request, on_answer, asking, NULL));
}

static ClientOutcome outcome_of(Asking *asking) {
  sem_wait(&asking->over);
  sem_destroy(&asking->over);
  return asking->outcome;
}

static void test_requests_that_end_meanwhile_do_not_keep_it_broken(void **state) {
  Asking late, broken, after;
  ask(&late, "/late", 400);
  sem_wait(&asked);
  atomic_store(&has_no_memory, true);
  atomic_store(&fails_next, true);
  ask(&broken, "/", 400);
  assert_int_equal(outcome_of(&late), CLIENT_TIMEOUT);
  assert_int_equal(outcome_of(&broken), CLIENT_TIMEOUT);
  assert_false(atomic_load(&fails_next));
  atomic_store(&has_no_memory, false);
  usleep(200 * 1000);
  ask(&after, "/", 5000);
  assert_int_equal(outcome_of(&after), CLIENT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_requests_that_end_meanwhile_do_not_keep_it_broken),
  };
  sem_init(&asked, 0, 0);
  peer_start(&peer, answer, NULL);
  loop = loop_new(NULL);
  client = client_new(loop, &(ClientOptions){ 0 }, NULL);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  client_free(client);
  loop_free(loop);
  peer_stop(&peer);
  return failed;
}
