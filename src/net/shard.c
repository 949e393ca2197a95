// Drives libcurl's multi handle with libuv: its timer here, its sockets in net/sockets.
#include "net/shard.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <uv.h>

enum { AGAIN_MS = 10 };

struct Shard {
  ShardOptions options;
  CURLM *curl;
  Sockets *sockets;
  TransferList running;  // libcurl has them
  size_t running_count;
  bool used;
  bool http1_tls, http2;  // seen: HTTP/1 over TLS, HTTP/2
  bool broken;            // the multi handle is of no use, and there was no memory for another
  bool renewing;          // libcurl's word on sockets is of no interest
  uv_timer_t timer;
  uv_idle_t soon;  // the timer, when it is due at once
  int handles;     // uv handles not closed yet
  void (*gone)(void *ctx);
  void *gone_ctx;
};

// ---- the end of a transfer ----------------------------------------------------------------------

// Without a reset libcurl also counts the kept connections that broke during the handle's transfers, and refuses the
// sixth.
static bool needs_reset(const Transfer *transfer, bool ended_well) {
  return !ended_well || !transfer->plain || transfer->sent != 1;
}

static void release_easy(Shard *shard, Transfer *transfer, bool ended_well) {
  CURL *easy = transfer->easy;
  transfer->easy = NULL;
  if (!easy) return;
  curl_multi_remove_handle(shard->curl, easy);
  bool reset = needs_reset(transfer, ended_well);
  if (reset) curl_easy_reset(easy);
  else curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);  // it goes with the transfer
  transfer_end_leg(transfer);
  // A failed handle may be in an undefined state.
  bool good = transfer->result->outcome == CLIENT_OK;
  EasyPool *pool = shard->options.pool;
  if (good && pool->count < EASY_KEPT) pool->kept[pool->count++] = (KeptEasy){ easy, !reset };
  else curl_easy_cleanup(easy);
}

static void take_out(Shard *shard, Transfer *transfer, bool ended_well) {
  transfer_list_remove(transfer);
  transfer->shard = NULL;
  shard->running_count--;
  release_easy(shard, transfer, ended_well);
}

void shard_take_back(Shard *shard, Transfer *transfer) { take_out(shard, transfer, false); }

static void end(Shard *shard, Transfer *transfer) {
  take_out(shard, transfer, transfer->result->outcome == CLIENT_OK);
  shard->options.ended(shard->options.ctx, transfer);
}

static void start_leg(Shard *shard, Transfer *transfer);

static void note_version(Shard *shard, const Transfer *transfer) {
  long version = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
  if (version >= CURL_HTTP_VERSION_2_0) shard->http2 = true;
  else if (version && transfer_is_https(transfer)) shard->http1_tls = true;
}

static void complete(Shard *shard, Transfer *transfer, CURLcode code) {
  long status = 0;
  char *location = NULL;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &location);
  transfer->result->status = (int)status;
  note_version(shard, transfer);
  // libcurl takes a truncated head for an answer without a body.
  if (code == CURLE_OK && !transfer->head_ended) code = CURLE_GOT_NOTHING;
  if (code == CURLE_OK && transfer_redirect(transfer, location, &code)) {
    shard_take_back(shard, transfer);
    start_leg(shard, transfer);
    return;
  }
  if (code != CURLE_OK) transfer_fail(transfer, code);
  end(shard, transfer);
}

static void take_finished(Shard *shard) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(shard->curl, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    char *transfer;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    complete(shard, (Transfer *)transfer, code);
  }
}

// ---- making libcurl's handle, and making it anew ------------------------------------------------

static void on_timer(uv_timer_t *timer);
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx);
static int on_curl_timer(CURLM *curl, long timeout_ms, void *ctx);

static CURLM *make_curl(Shard *shard) {
  CURLM *curl = curl_multi_init();
  if (!curl) return NULL;
  curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
  curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, shard);
  curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
  curl_multi_setopt(curl, CURLMOPT_TIMERDATA, shard);
  curl_multi_setopt(curl, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)shard->options.most);
  curl_multi_setopt(curl, CURLMOPT_MAXCONNECTS, (long)shard->options.most);
#if LIBCURL_VERSION_NUM >= 0x081400
  // From 8.20.0 on threads that look names up are the multi handle's: CURLOPT_QUICK_EXIT (curl_easy.c) does nothing.
  curl_multi_setopt(curl, CURLMOPT_QUICK_EXIT, 1L);
#endif
  return curl;
}

// Its connections are closed with it.
static void drop_curl(Shard *shard) {
  shard->renewing = true;
  sockets_forget(shard->sockets);
  curl_multi_cleanup(shard->curl);
  shard->renewing = false;
}

static size_t end_all(Shard *shard) {
  TransferList ended = { 0 };
  size_t count = 0;
  for (Transfer *transfer; (transfer = shard->running.first); count++) {
    transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
    shard_take_back(shard, transfer);
    transfer_list_add(&ended, transfer);
  }
  for (Transfer *transfer; (transfer = ended.first);) {
    transfer_list_remove(transfer);
    shard->options.ended(shard->options.ctx, transfer);
  }
  return count;
}

// A multi handle that failed once, without memory or descriptors, is unusable: it has lost a
// socket, or reports nothing any more. Its transfers end, and a new handle replaces it.
static void renew(Shard *shard, CURLMcode code) {
  CURLM *fresh = make_curl(shard);
  shard->broken = fresh == NULL;
  if (shard->broken) {
    uv_timer_start(&shard->timer, on_timer, AGAIN_MS, 0);
    return;
  }
  shard->renewing = true;
  size_t ended = end_all(shard);
  drop_curl(shard);
  shard->curl = fresh;
  log_warn("libcurl failed (%s): %zu requests under way have ended with an error, and connections "
           "were closed. Look at this machine's memory and at the limit of open files",
           curl_multi_strerror(code), ended);
}

// ---- driving it ---------------------------------------------------------------------------------

// Lets libcurl run its pending actions.
static void drive(Shard *shard, curl_socket_t fd, int flags) {
  int running;
  CURLMcode code = CURLM_OUT_OF_MEMORY;
  if (!shard->broken) {
    code = curl_multi_socket_action(shard->curl, fd, flags, &running);
    take_finished(shard);
  }
  if (code != CURLM_OK) renew(shard, code);
  shard->options.room(shard->options.ctx);
}

static void on_timer(uv_timer_t *timer) { drive(timer->data, CURL_SOCKET_TIMEOUT, 0); }

static void on_socket_ready(void *ctx, int fd, int flags) { drive(ctx, fd, flags); }

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
  Shard *shard = ctx;
  return shard->renewing || sockets_watch(shard->sockets, fd, what) ? 0 : -1;
}

static void on_soon(uv_idle_t *soon) {
  uv_idle_stop(soon);
  drive(soon->data, CURL_SOCKET_TIMEOUT, 0);
}

// A timer that is set to 0 by its own callback is due again before the loop looks at anything else; libcurl sets it so
// for as long as an answer comes in faster than it is read. The timer of a broken shard belongs to its renewal.
static int on_curl_timer(CURLM *curl, long timeout_ms, void *ctx) {
  Shard *shard = ctx;
  if (shard->broken) return 0;
  uv_timer_stop(&shard->timer);
  uv_idle_stop(&shard->soon);
  if (timeout_ms == 0) uv_idle_start(&shard->soon, on_soon);
  if (timeout_ms > 0) uv_timer_start(&shard->timer, on_timer, (uint64_t)timeout_ms, 0);
  return 0;
}

// Whether every connection is in use, which libcurl would search all of them to find out. Transfers that share one
// connection (HTTP/2) are left to libcurl.
static bool needs_fresh(const Shard *shard, const Transfer *transfer) {
  bool tls = transfer_is_https(transfer);
  bool shared = tls && (shard->http2 || !shard->http1_tls);
  return !shared && shard->running_count >= sockets_count(shard->sockets);
}

static CURL *take_easy(EasyPool *pool, bool plain, bool *told) {
  KeptEasy kept = pool->count ? pool->kept[--pool->count] : (KeptEasy){ curl_easy_init(), false };
  if (kept.told && !plain) curl_easy_reset(kept.easy);
  *told = kept.told && plain;
  return kept.easy;
}

static void start_leg(Shard *shard, Transfer *transfer) {
  EasyOptions options = { .proxy = shard->options.proxy,
                          .ca_file = shard->options.ca_file,
                          .share = shard->options.share,
                          .sockets = shard->sockets,
                          .origin = &shard->options.pool->origin,
                          .fresh = needs_fresh(shard, transfer) };
  transfer_list_add(&shard->running, transfer);
  transfer->shard = shard;
  shard->running_count++;
  transfer->easy = take_easy(shard->options.pool, transfer_is_plain(transfer), &options.told);
  bool ready = transfer->easy && !shard->broken && transfer_tell_easy(transfer, &options);
  CURLMcode code = ready ? curl_multi_add_handle(shard->curl, transfer->easy) : CURLM_OK;
  if (ready && code == CURLM_OK) return;
  transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
  end(shard, transfer);
  if (code != CURLM_OK) renew(shard, code);
}

// libcurl delivers what it holds back, and watches the socket again. An error is reported as the transfer's end, like
// any other.
void shard_go_on(Shard *shard, Transfer *transfer) {
  if (!transfer->held) return;
  transfer->held = false;
  transfer->heard_us = clock_now_us();
  curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

void shard_start(Shard *shard, Transfer *transfer) {
  shard->used = true;
  start_leg(shard, transfer);
}

bool shard_has_room(const Shard *shard) { return shard->running_count < shard->options.most; }

bool shard_was_used(Shard *shard) {
  bool used = shard->used || shard->running_count;
  shard->used = false;
  return used;
}

// ---- its own beginning and end ------------------------------------------------------------------

static void on_closed(void *ctx) {
  Shard *shard = ctx;
  if (--shard->handles) return;
  shard->gone(shard->gone_ctx);
  free(shard);
}

static void on_handle_closed(uv_handle_t *handle) { on_closed(handle->data); }

void shard_free(Shard *shard, void (*gone)(void *ctx), void *ctx) {
  shard->gone = gone;
  shard->gone_ctx = ctx;
  shard->handles = 3;
  drop_curl(shard);
  sockets_free(shard->sockets, on_closed);
  uv_close((uv_handle_t *)&shard->timer, on_handle_closed);
  uv_close((uv_handle_t *)&shard->soon, on_handle_closed);
}

Shard *shard_new(const ShardOptions *options) {
  Shard *shard = calloc(1, sizeof *shard);
  if (!shard) return NULL;
  shard->options = *options;
  shard->curl = make_curl(shard);
  shard->sockets = sockets_new(options->loop, on_socket_ready, shard);
  if (shard->curl && shard->sockets) {
    uv_timer_init(loop_uv(options->loop), &shard->timer);
    uv_idle_init(loop_uv(options->loop), &shard->soon);
    shard->timer.data = shard->soon.data = shard;
    return shard;
  }
  if (shard->curl) curl_multi_cleanup(shard->curl);
  sockets_free(shard->sockets, NULL);
  free(shard);
  return NULL;
}
