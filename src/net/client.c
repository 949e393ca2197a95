// A request is queued in `incoming` by any thread, moved to the multi handle by the loop, after its delay,
// and returns as a result. One call of the loop serves all that was queued by then.
#include "net/client.h"

#include "base/clock.h"
#include "base/handles.h"
#include "base/mutex.h"
#include "net/answer_bytes.h"
#include "net/multi.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct Client {
  Loop *loop;
  char *proxy, *ca_file;
  // Members below: loop thread only.
  Multi *multi;
  TransferList delayed, starting;
  // Members below: under `lock`.
  pthread_mutex_t lock;
  pthread_cond_t changed;
  LoopCall call;
  bool called;  // serve() will be called
  TransferList incoming;
  Transfer *asked;    // chained by next_asked
  Handles transfers;  // those whose `done` has not been called
  size_t count;
  bool stopping;
  int setup;  // 0 under way, 1 done, -1 failed
  bool open;  // the multi handle is still to be closed
};

// ---- the end of a transfer ----------------------------------------------------------------------

// Whether nothing else refers to it. A transfer with a pending request of another thread is still in `asked`.
static bool forget(Client *client, Transfer *transfer) {
  pthread_mutex_lock(&client->lock);
  handles_remove(&client->transfers, transfer->id);
  client->count--;
  transfer->ended = true;
  bool alone = !transfer->asked;
  pthread_mutex_unlock(&client->lock);
  return alone;
}

static void finish(Client *client, Transfer *transfer) {
  ClientResult *result = transfer->result;
  loop_timer_stop(transfer->delay);
  loop_timer_stop(transfer->deadline);
  loop_timer_stop(transfer->idle);
  if (result->outcome != CLIENT_OK) {
    if (result->fd >= 0) close(result->fd);
    result->fd = -1;
    buf_clear(&result->bytes);
    answer_bytes_hold(&result->counted, 0);
  }
  result->body = result->fd >= 0 ? STR("") : buf_str(&result->bytes);
  ClientDone done = transfer->done;
  void *ctx = transfer->ctx;
  if (forget(client, transfer)) transfer_free(transfer);
  done(ctx, result);
}

static void on_ended(void *ctx, Transfer *transfer) { finish(ctx, transfer); }

// Removes it from its list or the multi handle.
static void take_back(Client *client, Transfer *transfer) {
  if (transfer->list == &client->delayed) transfer_list_remove(transfer);
  else multi_take_back(client->multi, transfer);
}

static void on_deadline(void *ctx) {
  Transfer *transfer = ctx;
  Client *client = transfer->client;
  transfer->deadline = NULL;
  take_back(client, transfer);
  transfer_expire(transfer);
  finish(client, transfer);
}

static void watch_silence(Transfer *transfer);

static void on_silence(void *ctx) {
  Transfer *transfer = ctx;
  Client *client = transfer->client;
  int64_t silent_ms = (clock_now_us() - transfer->heard_us) / 1000;
  transfer->idle = NULL;
  if (transfer->held || silent_ms < transfer->request->stream->idle_ms) {
    watch_silence(transfer);
    return;
  }
  take_back(client, transfer);
  transfer_expire_idle(transfer);
  finish(client, transfer);
}

// One timer checks regularly when the last bytes arrived: to restart it at each piece would cost more.
static void watch_silence(Transfer *transfer) {
  int64_t idle_ms = transfer->request->stream->idle_ms;
  int64_t left_ms = idle_ms - (clock_now_us() - transfer->heard_us) / 1000;
  if (transfer->held || left_ms <= 0) left_ms = idle_ms;
  transfer->idle = loop_timer(transfer->client->loop, left_ms, 0, on_silence, transfer);
}

static void cancel(Client *client, Transfer *transfer) {
  take_back(client, transfer);
  transfer_cancel(transfer);
  finish(client, transfer);
}

// ---- its beginning, on the loop -----------------------------------------------------------------

// False without memory.
static bool watch_time(Transfer *transfer) {
  const ClientRequest *request = transfer->request;
  Loop *loop = transfer->client->loop;
  transfer->heard_us = clock_now_us();
  if (request->stream) watch_silence(transfer);
  if (request->timeout_ms != CLIENT_NO_TIMEOUT)
    transfer->deadline = loop_timer(loop, request->timeout_ms, 0, on_deadline, transfer);
  return (transfer->deadline || request->timeout_ms == CLIENT_NO_TIMEOUT) &&
         (transfer->idle || !request->stream);
}

static void start(Client *client, Transfer *transfer) {
  if (watch_time(transfer)) {
    multi_start(client->multi, transfer);
  } else {
    transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
    finish(client, transfer);
  }
}

static void start_delayed(void *ctx) {
  Transfer *transfer = ctx;
  transfer->delay = NULL;
  transfer_list_remove(transfer);
  start(transfer->client, transfer);
}

static void begin(Client *client, Transfer *transfer) {
  int64_t delay_ms = transfer->request->delay_ms;
  if (delay_ms > 0)
    transfer->delay = loop_timer(client->loop, delay_ms, 0, start_delayed, transfer);
  if (transfer->delay) transfer_list_add(&client->delayed, transfer);
  else start(client, transfer);
}

// ---- what other threads have asked for ----------------------------------------------------------

static void take_incoming(Client *client) {
  pthread_mutex_lock(&client->lock);
  client->called = false;
  transfer_list_move(&client->incoming, &client->starting);
  pthread_mutex_unlock(&client->lock);
}

static void begin_all(Client *client) {
  take_incoming(client);
  for (Transfer *transfer; (transfer = client->starting.first);) {
    transfer_list_remove(transfer);
    begin(client, transfer);
  }
}

// Takes the next transfer that has a pending request of another thread.
static Transfer *next_asked(Client *client, bool *cancelled) {
  pthread_mutex_lock(&client->lock);
  Transfer *transfer = client->asked;
  if (transfer) {
    client->asked = transfer->next_asked;
    *cancelled = transfer->cancelled;
    transfer->asked = false;
    if (*cancelled && transfer->list == &client->incoming) transfer_list_remove(transfer);
  }
  pthread_mutex_unlock(&client->lock);
  return transfer;
}

static void answer_asked(Client *client) {
  bool cancelled;
  for (Transfer *transfer; (transfer = next_asked(client, &cancelled));) {
    if (transfer->ended) transfer_free(transfer);
    else if (cancelled) cancel(client, transfer);
    else multi_go_on(client->multi, transfer);
  }
}

static void on_gone(void *ctx) {
  Client *client = ctx;
  pthread_mutex_lock(&client->lock);
  client->open = false;
  pthread_cond_broadcast(&client->changed);
  pthread_mutex_unlock(&client->lock);
}

// Whether client_free waits, and nothing is left to do: serve() is not called again.
static bool is_idle_for_good(Client *client) {
  pthread_mutex_lock(&client->lock);
  bool idle = client->stopping && client->count == 0 && !client->called;
  pthread_mutex_unlock(&client->lock);
  return idle;
}

static void serve(void *ctx) {
  Client *client = ctx;
  begin_all(client);
  answer_asked(client);
  if (is_idle_for_good(client)) multi_free(client->multi, on_gone, client);
}

// ---- from other threads -------------------------------------------------------------------------

// With the lock held.
static void call_loop(Client *client) {
  if (client->called) return;
  client->called = true;
  loop_call(client->loop, &client->call, serve, client);
}

// With the lock held: gives the transfer a handle; 0 with an error if it cannot be sent.
static uint64_t enqueue(Client *client, Transfer *transfer, Err *err) {
  if (client->stopping) return err_set(err, ERR_BUSY, "the program is ending"), 0;
  transfer->id = handles_add(&client->transfers, transfer);
  if (!transfer->id) return err_set(err, ERR_MEMORY, "no memory for a request"), 0;
  transfer_list_add(&client->incoming, transfer);
  client->count++;
  call_loop(client);
  return transfer->id;
}

uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx,
                     Err *err) {
  Transfer *transfer = transfer_new(request, err);
  if (!transfer) return 0;
  transfer->client = client;
  transfer->done = done;
  transfer->ctx = ctx;
  pthread_mutex_lock(&client->lock);
  uint64_t id = enqueue(client, transfer, err);
  pthread_mutex_unlock(&client->lock);
  if (id) return id;
  client_result_free(transfer->result);
  transfer_free(transfer);
  return 0;
}

// With the lock held.
static void ask(Client *client, Transfer *transfer, bool to_cancel) {
  if (to_cancel) transfer->cancelled = true;
  if (transfer->asked) return;
  transfer->asked = true;
  transfer->next_asked = client->asked;
  client->asked = transfer;
}

static void ask_by_id(Client *client, uint64_t id, bool to_cancel) {
  pthread_mutex_lock(&client->lock);
  Transfer *transfer = handles_get(&client->transfers, id);
  if (transfer && !client->stopping) {
    ask(client, transfer, to_cancel);
    call_loop(client);
  }
  pthread_mutex_unlock(&client->lock);
}

void client_cancel(Client *client, uint64_t id) { ask_by_id(client, id, true); }

void client_go_on(Client *client, uint64_t id) { ask_by_id(client, id, false); }

size_t client_active(Client *client) {
  pthread_mutex_lock(&client->lock);
  size_t count = client->count;
  pthread_mutex_unlock(&client->lock);
  return count;
}

Loop *client_loop(const Client *client) { return client->loop; }

// ---- set-up and end -----------------------------------------------------------------------------

static bool make_on_loop(Client *client) {
  MultiOptions options = { .loop = client->loop,
                           .proxy = client->proxy,
                           .ca_file = client->ca_file,
                           .ended = on_ended,
                           .ctx = client };
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  client->multi = multi_new(&options);
  return client->multi != NULL;
}

static void set_up(void *ctx) {
  Client *client = ctx;
  int setup = make_on_loop(client) ? 1 : -1;
  pthread_mutex_lock(&client->lock);
  client->setup = setup;
  pthread_cond_broadcast(&client->changed);
  pthread_mutex_unlock(&client->lock);
}

static void destroy(Client *client) {
  pthread_cond_destroy(&client->changed);
  pthread_mutex_destroy(&client->lock);
  handles_clear(&client->transfers);
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

static void wait_until_closed(Client *client) {
  pthread_mutex_lock(&client->lock);
  while (client->open) pthread_cond_wait(&client->changed, &client->lock);
  pthread_mutex_unlock(&client->lock);
}

static bool set_up_and_wait(Client *client, Err *err) {
  bool posted = loop_post(client->loop, set_up, client);
  pthread_mutex_lock(&client->lock);
  while (posted && client->setup == 0) pthread_cond_wait(&client->changed, &client->lock);
  pthread_mutex_unlock(&client->lock);
  if (client->setup == 1) return true;
  return err_set(err, ERR_MEMORY, "no memory for the HTTP client");
}

Client *client_new(Loop *loop, const ClientOptions *options, Err *err) {
  Client *client = calloc(1, sizeof(*client));
  if (!client) {
    err_set(err, ERR_MEMORY, "no memory for the HTTP client");
    return NULL;
  }
  client->loop = loop;
  mutex_init_brief(&client->lock);
  pthread_cond_init(&client->changed, NULL);
  handles_init(&client->transfers);
  if (copy_options(client, options, err) && set_up_and_wait(client, err)) return client;
  destroy(client);
  return NULL;
}

// With the lock held: cancels the remaining requests.
static void cancel_all(Client *client) {
  for (uint32_t i = 0; i < client->transfers.count; i++) {
    Transfer *transfer = client->transfers.places[i].thing;
    if (transfer) ask(client, transfer, true);
  }
}

void client_free(Client *client) {
  if (!client) return;
  pthread_mutex_lock(&client->lock);
  client->stopping = true;
  client->open = true;
  cancel_all(client);
  call_loop(client);
  pthread_mutex_unlock(&client->lock);
  wait_until_closed(client);
  destroy(client);
}
