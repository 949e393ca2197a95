// Answers that the client passes on as they arrive: paused, resumed, cut short.
#include "client_side.h"

#include <stdatomic.h>

static atomic_bool gone;  // the peer's last connection

static bool drip(int fd) {
  peer_raw(fd, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  peer_raw(fd, "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 5; i++) peer_raw(fd, "2\r\nab\r\n"), usleep(10000);
  peer_raw(fd, "0\r\nX-Trailer: t\r\n\r\n");
  return false;
}

static bool flood(int fd) {
  char piece[4096];
  memset(piece, 'x', sizeof piece);
  peer_raw(fd, "HTTP/1.1 200 OK\r\n\r\n");
  for (int i = 0; i < 256; i++)
    if (!peer_write(fd, piece, sizeof piece)) break;
  return false;
}

static bool wait_for_the_end(int fd) {
  char byte;
  peer_raw(fd, "HTTP/1.1 200 OK\r\n\r\nx");
  while (recv(fd, &byte, 1, 0) > 0) continue;
  atomic_store(&gone, true);
  return false;
}

static bool behave(void *ctx, const PeerRequest *request) {
  note(request);
  if (is(request, "/drip")) return drip(request->fd);
  if (is(request, "/flood")) return flood(request->fd);
  if (is(request, "/wait")) return wait_for_the_end(request->fd);
  if (is(request, "/redirect"))
    return peer_raw(request->fd,
                    "HTTP/1.1 302 Found\r\nLocation: /drip\r\nContent-Length: 5\r\n\r\nmoved");
  return peer_raw(request->fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), false;
}

typedef struct {
  Box box;  // first: the argument of `put`
  pthread_mutex_t lock;
  int heads, status, refusals;
  char header[20];
  size_t len, room;  // bytes taken, and bytes that may be taken
  char bytes[64];
} Receiver;

static void on_head(void *ctx, const ClientResult *result) {
  Receiver *to = ctx;
  Str value = { 0 };
  pthread_mutex_lock(&to->lock);
  to->heads++;
  to->status = result->status;
  if (pairs_get_nocase(&result->headers, STR("X-A"), &value))
    snprintf(to->header, sizeof to->header, "%.*s", STR_FMT(value));
  pthread_mutex_unlock(&to->lock);
}

static bool on_bytes(void *ctx, Str bytes) {
  Receiver *to = ctx;
  pthread_mutex_lock(&to->lock);
  bool taken = to->room >= bytes.len;
  if (!taken) to->refusals++;
  for (size_t i = 0; taken && i < bytes.len; i++)
    if (to->len + i < sizeof to->bytes) to->bytes[to->len + i] = bytes.ptr[i];
  if (taken) to->len += bytes.len, to->room -= bytes.len;
  pthread_mutex_unlock(&to->lock);
  return taken;
}

static size_t length(Receiver *to) {
  pthread_mutex_lock(&to->lock);
  size_t len = to->len;
  pthread_mutex_unlock(&to->lock);
  return len;
}

static int refusals(Receiver *to) {
  pthread_mutex_lock(&to->lock);
  int count = to->refusals;
  pthread_mutex_unlock(&to->lock);
  return count;
}

static const ClientStream stream = { .head = on_head, .bytes = on_bytes, .idle_ms = 300 };

static Receiver receiver(size_t room) {
  return (Receiver){ .box = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL },
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .room = room };
}

static uint64_t begin(ClientRequest *request, Receiver *to) {
  request->stream = &stream;
  request->timeout_ms = CLIENT_NO_TIMEOUT;
  uint64_t id = client_send(client, request, put, to, NULL);
  assert_true(id);
  return id;
}

static void test_the_last_head_comes_once_and_then_the_bytes(void **state) {
  const char *const paths[] = { "/drip", "/redirect" };
  for (int i = 0; i < 2; i++) {
    Receiver to = receiver(1000);
    ClientRequest request = get(paths[i]);
    request.follow = true;
    begin(&request, &to);
    ClientResult *result = take(&to.box);
    assert_int_equal(result->outcome, CLIENT_OK);
    assert_int_equal(to.heads, 1);
    assert_int_equal(to.status, 200);
    assert_string_equal(to.header, "b");
    assert_int_equal(to.len, 10);
    assert_memory_equal(to.bytes, "ababababab", 10);
    client_result_free(result);
  }
}

static void test_who_refuses_holds_the_sender_until_it_goes_on(void **state) {
  Receiver to = receiver(10000);
  ClientRequest request = get("/flood");
  uint64_t id = begin(&request, &to);
  for (int i = 0; i < 200 && refusals(&to) == 0; i++) usleep(5000);
  usleep(500000);  // longer than the limit for a silent sender
  pthread_mutex_lock(&to.lock);
  assert_int_equal(to.refusals, 1);
  assert_true(to.len <= 10000);
  to.room = 2 << 20;
  pthread_mutex_unlock(&to.lock);
  client_go_on(client, id);
  ClientResult *result = take(&to.box);
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(to.len, 1 << 20);
  client_result_free(result);
}

static void test_a_cancel_closes_the_connection(void **state) {
  Receiver to = receiver(10);
  ClientRequest request = get("/wait");
  uint64_t id = begin(&request, &to);
  for (int i = 0; i < 200 && length(&to) == 0; i++) usleep(5000);
  assert_int_equal(length(&to), 1);
  client_cancel(client, id);
  client_go_on(client, id);
  ClientResult *result = take(&to.box);
  assert_int_equal(result->outcome, CLIENT_CANCELLED);
  for (int i = 0; i < 10 && !atomic_load(&gone); i++) usleep(1000);
  assert_true(atomic_load(&gone));
  client_result_free(result);
}

static void test_silence_and_an_early_end_are_told(void **state) {
  Receiver to = receiver(10);
  ClientRequest request = get("/wait");
  begin(&request, &to);
  ClientResult *result = take(&to.box);
  assert_int_equal(result->outcome, CLIENT_TIMEOUT);
  assert_non_null(strstr(result->err.text, "no byte was received for 0.3 s"));
  client_result_free(result);
  to = receiver(10);
  request = get("/half");
  begin(&request, &to);
  result = take(&to.box);
  assert_int_equal(result->outcome, CLIENT_NETWORK);
  assert_non_null(strstr(result->err.text, "ended early"));
  assert_int_equal(to.len, 4);
  client_result_free(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_last_head_comes_once_and_then_the_bytes),
    cmocka_unit_test(test_who_refuses_holds_the_sender_until_it_goes_on),
    cmocka_unit_test(test_a_cancel_closes_the_connection),
    cmocka_unit_test(test_silence_and_an_early_end_are_told),
  };
  return cmocka_run_group_tests(tests, side_set_up, side_tear_down);
}
