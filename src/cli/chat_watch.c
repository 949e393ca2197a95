// Reads the stream of events, on a loop of its own; what an event says is of no interest here.
#include "cli/chat_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/client.h"

enum { SILENCE_MS = 3600 * 1000 };  // the platform sends a comment every ten seconds

struct ChatWatch {
  ChatWatcher watcher;
  Loop *loop;
  Client *client;
  char url[256];
  ClientStream stream;
  ClientRequest request;  // borrowed by the client
};

static void ignore_head(void *ctx, const ClientResult *result) {}

static bool take_bytes(void *ctx, Str bytes) {
  const ChatWatch *watch = ctx;
  // An event may come in one read behind a comment, or a part of one.
  bool is_comment = bytes.len > 0 && bytes.ptr[0] == ':' &&
                    str_find(bytes, STR("\n\n")) == (ptrdiff_t)bytes.len - 2;
  if (!is_comment) watch->watcher.on_event(watch->watcher.ctx);
  return true;
}

static void end(void *ctx, ClientResult *result) {
  const ChatWatch *watch = ctx;
  const char *why = result->outcome == CLIENT_OK ? "its stream has ended" : result->err.text;
  if (result->outcome != CLIENT_CANCELLED) watch->watcher.on_end(watch->watcher.ctx, why);
  client_result_free(result);
}

static bool begin(ChatWatch *watch, Err *err) {
  watch->stream = (ClientStream){ .head = ignore_head, .bytes = take_bytes, .idle_ms = SILENCE_MS };
  watch->request = (ClientRequest){ .method = STR("GET"),
                                    .url = str_of(watch->url),
                                    .stream = &watch->stream,
                                    .timeout_ms = CLIENT_NO_TIMEOUT };
  return (watch->loop = loop_new(err)) &&
         (watch->client = client_new(watch->loop, &(ClientOptions){ .proxy = NULL }, err)) &&
         client_send(watch->client, &watch->request, end, watch, err) != 0;
}

ChatWatch *chat_watch_open(const char *url, const ChatWatcher *watcher, Err *err) {
  ChatWatch *watch = calloc(1, sizeof *watch);
  if (!watch) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  watch->watcher = *watcher;
  snprintf(watch->url, sizeof watch->url, "%s/sim/events", url);
  if (begin(watch, err)) return watch;
  chat_watch_close(watch);
  return NULL;
}

void chat_watch_close(ChatWatch *watch) {
  if (!watch) return;
  if (watch->client) client_free(watch->client);
  if (watch->loop) loop_free(watch->loop);
  free(watch);
}
