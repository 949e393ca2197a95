// A client on a loop, and a peer that notes what it was asked: what tests of net/client share.
#ifndef WEMOON_TESTS_CLIENT_SIDE_H
#define WEMOON_TESTS_CLIENT_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "http_peer.h"
#include "net/client.h"

static Loop *loop;
static Client *client;
static Peer peer;
static char seen[65536];  // the last request: head, empty line, body
static size_t seen_len;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((unused)) static void note(const PeerRequest *request) {
  pthread_mutex_lock(&seen_lock);
  size_t head = strlen(request->head), body = request->body_len;
  if (head + body < sizeof(seen)) {
    memcpy(seen, request->head, head);
    memcpy(seen + head, request->body, body);
    seen_len = head + body;
    seen[seen_len] = 0;
  }
  pthread_mutex_unlock(&seen_lock);
}

__attribute__((unused)) static bool is(const PeerRequest *request, const char *path) {
  size_t len = strlen(path);
  return strncmp(request->target, path, len) == 0 &&
         (request->target[len] == 0 || request->target[len] == '?');
}

// ---- short forms ---------------------------------------------------------------------------------------

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  ClientResult *result;
} Box;

static void put(void *ctx, ClientResult *result) {
  Box *box = ctx;
  pthread_mutex_lock(&box->lock);
  box->result = result;
  pthread_cond_signal(&box->changed);
  pthread_mutex_unlock(&box->lock);
}

static ClientResult *take(Box *box) {
  pthread_mutex_lock(&box->lock);
  while (!box->result) pthread_cond_wait(&box->changed, &box->lock);
  pthread_mutex_unlock(&box->lock);
  return box->result;
}

static Str url_of(const char *path) {
  static char urls[8][300];
  static int next;
  char *url = urls[next++ % 8];
  snprintf(url, 300, "http://127.0.0.1:%d%s", peer.port, path);
  return str_of(url);
}

static ClientRequest get(const char *path) {
  return (ClientRequest){ .method = STR("GET"),
                          .url = url_of(path),
                          .repeatable = true,
                          .response_max = 8 << 20,
                          .timeout_ms = 5000 };
}

static ClientResult *run_with(Client *with, ClientRequest request) {
  Box box = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };
  Err err = { 0 };
  if (!client_send(with, &request, put, &box, &err)) fail_msg("%s", err.text);
  return take(&box);
}

__attribute__((unused)) static ClientResult *run(ClientRequest request) {
  return run_with(client, request);
}

__attribute__((unused)) static void ends(ClientRequest request, ClientOutcome outcome,
                                         const char *word) {
  ClientResult *result = run(request);
  if (result->outcome != outcome) fail_msg("outcome %d: %s", result->outcome, result->err.text);
  if (word && !strstr(result->err.text, word))
    fail_msg("\"%s\" does not say \"%s\"", result->err.text, word);
  client_result_free(result);
}

__attribute__((unused)) static void is_seen(const char *text) {
  pthread_mutex_lock(&seen_lock);
  if (!memmem(seen, seen_len, text, strlen(text)))
    fail_msg("the request does not hold \"%s\":\n%s", text, seen);
  pthread_mutex_unlock(&seen_lock);
}

__attribute__((unused)) static void is_not_seen(const char *text) {
  pthread_mutex_lock(&seen_lock);
  if (memmem(seen, seen_len, text, strlen(text)))
    fail_msg("the request holds \"%s\":\n%s", text, seen);
  pthread_mutex_unlock(&seen_lock);
}

static void side_open(PeerFn behave) {
  peer_start(&peer, behave, NULL);
  loop = loop_new(NULL);
  client = client_new(loop, &(ClientOptions){ 0 }, NULL);
  assert_non_null(client);
}

static void side_close(void) {
  client_free(client);
  loop_free(loop);
  peer_stop(&peer);
}

// The peer's behaviour in the tests of a file.
static bool behave(void *ctx, const PeerRequest *request);

__attribute__((unused)) static int side_set_up(void **state) {
  side_open(behave);
  return 0;
}

__attribute__((unused)) static int side_tear_down(void **state) {
  side_close();
  return 0;
}

#endif
