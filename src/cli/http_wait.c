// Blocking requests over the asynchronous client.
#include "cli/http_wait.h"

#include <semaphore.h>
#include <errno.h>

enum { ANSWER_MAX = 16 << 20 };

typedef struct {
  sem_t arrived;
  ClientResult *result;
} Waiting;

static void arrived(void *ctx, ClientResult *result) {
  Waiting *waiting = ctx;
  waiting->result = result;
  sem_post(&waiting->arrived);
}

static ClientResult *send_and_wait(Client *client, const ClientRequest *request, Err *err) {
  Waiting waiting = { .result = NULL };
  sem_init(&waiting.arrived, 0, 0);
  if (client_send(client, request, arrived, &waiting, err) != 0) {
    while (sem_wait(&waiting.arrived) != 0 && errno == EINTR) continue;
  }
  sem_destroy(&waiting.arrived);
  return waiting.result;
}

static ClientResult *send_alone(const ClientRequest *request, Err *err) {
  Loop *loop = loop_new(err);
  if (!loop) return NULL;
  ClientResult *result = NULL;
  Client *client = client_new(loop, &(ClientOptions){ .proxy = NULL }, err);
  if (client) {
    result = send_and_wait(client, request, err);
    client_free(client);
  }
  loop_free(loop);
  return result;
}

ClientResult *http_wait_post(const char *url, const char *content_type, Str body,
                             int64_t timeout_ms, Err *err) {
  Pair type = { .name = STR("Content-Type"), .value = str_of(content_type) };
  Pairs headers = { .first = &type, .last = &type, .count = 1 };
  return send_alone(&(ClientRequest){ .method = STR("POST"),
                                      .url = str_of(url),
                                      .headers = &headers,
                                      .body = body,
                                      .has_body = true,
                                      .response_max = ANSWER_MAX,
                                      .timeout_ms = timeout_ms },
                    err);
}

ClientResult *http_wait_get(const char *url, int64_t timeout_ms, Err *err) {
  return send_alone(&(ClientRequest){ .method = STR("GET"),
                                      .url = str_of(url),
                                      .response_max = ANSWER_MAX,
                                      .timeout_ms = timeout_ms },
                    err);
}
