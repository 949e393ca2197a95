// libcurl's multi handle on libuv: its time-outs here, its sockets in net/sockets, one Transfer per request.
#include "net/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "net/transfer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum {
  EASY_KEPT = 64,
  CONNECTIONS_MAX = 4096,
  FDS_FOR_OTHERS = 700,
  OVERDUE_MS = 1000,
  AGAIN_MS = 10
};

typedef struct {
  Transfer *first, *last;
} List;

struct Client {
  Loop *loop;
  char *proxy, *ca_file;
  CURLM *multi;
  CURLSH *share;
  Sockets *sockets;
  bool broken;  // the multi handle is of no use, and there was no memory for another
  bool renewing;
  uv_timer_t timer, sweep;
  uv_async_t wake;
  CURL *kept[EASY_KEPT];
  size_t kept_count;
  // Below: under `lock`.
  pthread_mutex_t lock;
  pthread_cond_t changed;
  List incoming, active;
  size_t count, cancels;
  uint64_t last_id;
  bool stopping;
  int setup;    // 0 under way, 1 done, -1 failed
  int handles;  // uv handles not closed yet
};

// ---- lists --------------------------------------------------------------------------------------

static void list_add(List *list, Transfer *transfer) {
  transfer->next = NULL;
  transfer->prev = list->last;
  if (list->last) list->last->next = transfer;
  else list->first = transfer;
  list->last = transfer;
}

static void list_remove(List *list, Transfer *transfer) {
  if (transfer->prev) transfer->prev->next = transfer->next;
  else list->first = transfer->next;
  if (transfer->next) transfer->next->prev = transfer->prev;
  else list->last = transfer->prev;
  transfer->prev = transfer->next = NULL;
}

// ---- the end of a transfer ----------------------------------------------------------------------

static void release(Client *client, Transfer *transfer) {
  if (transfer->easy) {
    if (transfer->multi) curl_multi_remove_handle(transfer->multi, transfer->easy);
    // Without this libcurl counts on how often a kept connection had died under the handle's transfers, and
    // refuses the sixth.
    curl_easy_reset(transfer->easy);
    // One that failed may be left half reset.
    bool good = transfer->result.outcome == CLIENT_OK;
    if (good && client->kept_count < EASY_KEPT) client->kept[client->kept_count++] = transfer->easy;
    else curl_easy_cleanup(transfer->easy);
  }
  transfer->easy = NULL;
  transfer->multi = NULL;
  transfer_release(transfer);
}

static void finish(Client *client, Transfer *transfer) {
  release(client, transfer);
  ClientResult *result = &transfer->result;
  if (result->outcome != CLIENT_OK) {
    if (result->fd >= 0) close(result->fd);
    result->fd = -1;
    buf_reset(&transfer->body);
  }
  result->body = result->fd >= 0 ? (Str){ "", 0 } : buf_str(&transfer->body);
  pthread_mutex_lock(&client->lock);
  list_remove(&client->active, transfer);
  client->count--;
  pthread_mutex_unlock(&client->lock);
  transfer->done(transfer->ctx, result);
}

static void cancel(Client *client, Transfer *transfer) {
  if (transfer->delay) loop_timer_stop(transfer->delay);
  transfer->delay = NULL;
  transfer->result.outcome = CLIENT_CANCELLED;
  err_set(&transfer->result.err, ERR_FAILED, "%s: the request was cancelled",
          transfer_place(transfer));
  finish(client, transfer);
}

static void complete(Client *client, Transfer *transfer, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->result.status = (int)status;
  // libcurl takes a head that breaks off for an answer without a body.
  if (code == CURLE_OK && !transfer->head_ended) code = CURLE_GOT_NOTHING;
  if (code != CURLE_OK) transfer_fail(transfer, code);
  finish(client, transfer);
}

static void take_finished(Client *client) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(client->multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    char *transfer;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    complete(client, (Transfer *)transfer, code);
  }
}

// ---- the multi handle ---------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer);
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx);
static int on_curl_timer(CURLM *multi, long timeout_ms, void *ctx);

// Each connection takes a descriptor; the HTTP threads and the store need theirs too. What the system allows
// is made use of.
static long connections_max(void) {
  struct rlimit limit;
  const rlim_t wanted = CONNECTIONS_MAX + FDS_FOR_OTHERS;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 128;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  long rest = limit.rlim_cur > wanted ? CONNECTIONS_MAX : (long)limit.rlim_cur - FDS_FOR_OTHERS;
  return rest < 128 ? 128 : rest;
}

static CURLM *make_multi(Client *client) {
  CURLM *multi = curl_multi_init();
  if (!multi) return NULL;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max());
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
  return multi;
}

// Its connections end with it.
static void drop_multi(Client *client) {
  client->renewing = true;
  sockets_forget(client->sockets);
  curl_multi_cleanup(client->multi);
  client->renewing = false;
}

static size_t end_all(Client *client) {
  size_t count = 0;
  for (Transfer *next, *transfer = client->active.first; transfer; transfer = next) {
    next = transfer->next;
    if (!transfer->easy) continue;
    transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
    finish(client, transfer);
    count++;
  }
  return count;
}

// A multi handle that has once failed, for want of memory or descriptors, is of no use: it has lost sight of
// a socket, keeps a table of no size, by which it would divide, or answers nothing any more. What is under
// way ends, and another takes over.
static void renew(Client *client, CURLMcode code) {
  CURLM *fresh = make_multi(client);
  client->broken = fresh == NULL;
  if (client->broken) {
    uv_timer_start(&client->timer, on_timer, AGAIN_MS, 0);
    return;
  }
  client->renewing = true;
  size_t ended = end_all(client);
  drop_multi(client);
  client->multi = fresh;
  log_warn("libcurl has failed (%s): requests under way (%zu) have ended with an error, and "
           "connections were "
           "closed. "
           "Look at this machine's memory and at the limit of open files",
           curl_multi_strerror(code), ended);
}

// Lets libcurl do what is due.
static void drive(Client *client, curl_socket_t fd, int flags) {
  int running;
  CURLMcode code = CURLM_OUT_OF_MEMORY;
  if (!client->broken) {
    code = curl_multi_socket_action(client->multi, fd, flags, &running);
    take_finished(client);
  }
  if (code != CURLM_OK) renew(client, code);
}

static void on_timer(uv_timer_t *timer) { drive(timer->data, CURL_SOCKET_TIMEOUT, 0); }

// A transfer that libcurl has lost sight of (it does, where memory is short) is ended here. Looks seldom, and
// only while there are any.
static void on_sweep(uv_timer_t *timer) {
  Client *client = timer->data;
  int64_t now = clock_now_us();
  for (Transfer *next, *transfer = client->active.first; transfer; transfer = next) {
    next = transfer->next;
    if (!transfer->easy || now < transfer->overdue_us) continue;
    transfer_fail(transfer, CURLE_OPERATION_TIMEDOUT);
    finish(client, transfer);
  }
  drive(client, CURL_SOCKET_TIMEOUT, 0);
  if (!client->active.first) uv_timer_stop(timer);
}

static void start(Client *client, Transfer *transfer) {
  transfer->overdue_us = clock_now_us() + (transfer->request.timeout_ms + OVERDUE_MS) * 1000;
  if (!uv_is_active((uv_handle_t *)&client->sweep))
    uv_timer_start(&client->sweep, on_sweep, OVERDUE_MS, OVERDUE_MS);
  EasyOptions options = { .proxy = client->proxy,
                          .ca_file = client->ca_file,
                          .share = client->share,
                          .sockets = client->sockets };
  transfer->easy = client->kept_count ? client->kept[--client->kept_count] : curl_easy_init();
  bool ready = transfer->easy && !client->broken && transfer_tell_easy(transfer, &options);
  CURLMcode code = ready ? curl_multi_add_handle(client->multi, transfer->easy) : CURLM_OK;
  if (ready && code == CURLM_OK) {
    transfer->multi = client->multi;
    return;
  }
  transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
  finish(client, transfer);
  if (code != CURLM_OK) renew(client, code);
}

static void start_delayed(void *ctx) {
  Transfer *transfer = ctx;
  transfer->delay = NULL;
  start(transfer->client, transfer);
}

static void begin(Client *client, Transfer *transfer) {
  if (transfer->request.delay_ms > 0) {
    transfer->delay =
        loop_timer(client->loop, transfer->request.delay_ms, 0, start_delayed, transfer);
    if (transfer->delay) return;
  }
  start(client, transfer);
}

// ---- libuv --------------------------------------------------------------------------------------

static void on_socket_ready(void *ctx, int fd, int flags) { drive(ctx, fd, flags); }

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
  Client *client = ctx;
  return client->renewing || sockets_watch(client->sockets, fd, what) ? 0 : -1;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *ctx) {
  Client *client = ctx;
  if (timeout_ms < 0) uv_timer_stop(&client->timer);
  else uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
  return 0;
}

static void cancel_marked(Client *client) {
  for (;;) {
    pthread_mutex_lock(&client->lock);
    Transfer *transfer = client->cancels ? client->active.first : NULL;
    while (transfer && !transfer->cancelled) transfer = transfer->next;
    if (transfer) client->cancels--;
    else client->cancels = 0;
    pthread_mutex_unlock(&client->lock);
    if (!transfer) return;
    transfer->cancelled = false;
    cancel(client, transfer);
  }
}

static void on_gone(void *ctx) {
  Client *client = ctx;
  pthread_mutex_lock(&client->lock);
  client->handles--;
  pthread_cond_broadcast(&client->changed);
  pthread_mutex_unlock(&client->lock);
}

static void on_handle_closed(uv_handle_t *handle) { on_gone(handle->data); }

static void tear_down(Client *client) {
  while (client->active.first) cancel(client, client->active.first);
  while (client->kept_count) curl_easy_cleanup(client->kept[--client->kept_count]);
  drop_multi(client);
  curl_share_cleanup(client->share);
  sockets_free(client->sockets, on_gone);
  uv_close((uv_handle_t *)&client->timer, on_handle_closed);
  uv_close((uv_handle_t *)&client->sweep, on_handle_closed);
  uv_close((uv_handle_t *)&client->wake, on_handle_closed);
}

static void on_wake(uv_async_t *wake) {
  Client *client = wake->data;
  pthread_mutex_lock(&client->lock);
  bool stopping = client->stopping;
  for (Transfer *transfer; (transfer = client->incoming.first);) {
    list_remove(&client->incoming, transfer);
    list_add(&client->active, transfer);
    pthread_mutex_unlock(&client->lock);
    begin(client, transfer);
    pthread_mutex_lock(&client->lock);
  }
  pthread_mutex_unlock(&client->lock);
  cancel_marked(client);
  if (stopping) tear_down(client);
}

// ---- from other threads -------------------------------------------------------------------------

uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx,
                     Err *err) {
  Transfer *transfer = transfer_new(request, err);
  if (!transfer) return 0;
  transfer->client = client;
  transfer->done = done;
  transfer->ctx = ctx;
  uint64_t id = 0;
  pthread_mutex_lock(&client->lock);
  if (!client->stopping) {
    id = transfer->id = ++client->last_id;
    list_add(&client->incoming, transfer);
    client->count++;
    uv_async_send(&client->wake);
  }
  pthread_mutex_unlock(&client->lock);
  if (!id) {
    err_set(err, ERR_BUSY, "%s: the program is ending", transfer_place(transfer));
    client_result_free(&transfer->result);
  }
  return id;
}

static bool mark(List *list, uint64_t id) {
  Transfer *transfer = list->first;
  while (transfer && transfer->id != id) transfer = transfer->next;
  if (!transfer || transfer->cancelled) return false;
  return transfer->cancelled = true;
}

void client_cancel(Client *client, uint64_t id) {
  pthread_mutex_lock(&client->lock);
  if (!client->stopping && (mark(&client->active, id) || mark(&client->incoming, id))) {
    client->cancels++;
    uv_async_send(&client->wake);
  }
  pthread_mutex_unlock(&client->lock);
}

size_t client_active(Client *client) {
  pthread_mutex_lock(&client->lock);
  size_t count = client->count;
  pthread_mutex_unlock(&client->lock);
  return count;
}

// ---- set-up and end, on the loop thread ---------------------------------------------------------

static void say(Client *client, int setup) {
  pthread_mutex_lock(&client->lock);
  client->setup = setup;
  pthread_cond_broadcast(&client->changed);
  pthread_mutex_unlock(&client->lock);
}

static void set_up(void *ctx) {
  Client *client = ctx;
  // OpenSSL writes to sockets without asking for no SIGPIPE.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  uv_loop_t *uv = loop_uv(client->loop);
  client->timer.data = client->sweep.data = client->wake.data = client;
  client->multi = make_multi(client);
  client->share = curl_share_init();
  client->sockets = sockets_new(client->loop, on_socket_ready, client);
  if (client->share) curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  bool good = client->multi && client->share && client->sockets &&
              uv_async_init(uv, &client->wake, on_wake) == 0;
  if (good) {
    uv_timer_init(uv, &client->timer);
    uv_timer_init(uv, &client->sweep);
  } else {
    sockets_free(client->sockets, NULL);
  }
  say(client, good ? 1 : -1);
}

static void destroy(Client *client) {
  pthread_cond_destroy(&client->changed);
  pthread_mutex_destroy(&client->lock);
  free(client->proxy);
  free(client->ca_file);
  free(client);
}

static bool copy_options(Client *client, const ClientOptions *options, Err *err) {
  if (options->ca_file && access(options->ca_file, R_OK) != 0)
    return err_set(err, ERR_USAGE, "ca_file: %s cannot be read: %s", options->ca_file,
                   strerror(errno));
  if (options->proxy) client->proxy = strdup(options->proxy);
  if (options->ca_file) client->ca_file = strdup(options->ca_file);
  if ((options->proxy && !client->proxy) || (options->ca_file && !client->ca_file))
    return err_set(err, ERR_MEMORY, "no memory for the HTTP client");
  return true;
}

Client *client_new(Loop *loop, const ClientOptions *options, Err *err) {
  Client *client = calloc(1, sizeof(*client));
  if (!client) {
    err_set(err, ERR_MEMORY, "no memory for the HTTP client");
    return NULL;
  }
  client->loop = loop;
  client->handles = 4;
  mutex_init_brief(&client->lock);
  pthread_cond_init(&client->changed, NULL);
  bool good = copy_options(client, options, err);
  if (good) {
    good = loop_post(loop, set_up, client);
    pthread_mutex_lock(&client->lock);
    while (good && client->setup == 0) pthread_cond_wait(&client->changed, &client->lock);
    pthread_mutex_unlock(&client->lock);
    good = good && client->setup == 1;
    if (!good) err_set(err, ERR_MEMORY, "no memory for the HTTP client");
  }
  if (good) return client;
  if (client->multi) curl_multi_cleanup(client->multi);
  if (client->share) curl_share_cleanup(client->share);
  destroy(client);
  return NULL;
}

void client_free(Client *client) {
  if (!client) return;
  pthread_mutex_lock(&client->lock);
  client->stopping = true;
  uv_async_send(&client->wake);
  while (client->handles > 0) pthread_cond_wait(&client->changed, &client->lock);
  pthread_mutex_unlock(&client->lock);
  destroy(client);
}
