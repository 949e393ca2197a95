// Drives libcurl's multi handle with libuv: its timer here, its sockets in net/sockets.
#include "net/multi.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <uv.h>

enum {
  EASY_KEPT = 64,
  CONNECTIONS_MAX = 4096,
  CONNECTIONS_LEAST = 128,
  CONNECTIONS_KEPT = 256,
  FDS_FOR_OTHERS = 700,
  AGAIN_MS = 10
};

struct Multi {
  MultiOptions options;
  CURLM *curl;
  CURLSH *share;
  Sockets *sockets;
  size_t at_once;        // as many transfers as libcurl may have
  TransferList running;  // libcurl has them
  TransferList waiting;  // for one of those to end
  size_t running_count;
  bool crowded;           // more run than connections are kept of when all is quiet
  bool http1_tls, http2;  // seen: HTTP/1 over TLS, HTTP/2
  bool broken;            // the multi handle is of no use, and there was no memory for another
  bool renewing;          // libcurl's word on sockets is of no interest
  uv_timer_t timer;
  CURL *kept[EASY_KEPT];
  size_t kept_count;
  int handles;  // uv handles not closed yet
  void (*gone)(void *ctx);
  void *gone_ctx;
};

// ---- the end of a transfer ----------------------------------------------------------------------

static void release_easy(Multi *multi, Transfer *transfer) {
  CURL *easy = transfer->easy;
  transfer->easy = NULL;
  if (!easy) return;
  curl_multi_remove_handle(multi->curl, easy);
  // Without this libcurl counts the kept connections that broke during the handle's transfers, and refuses
  // the sixth.
  curl_easy_reset(easy);
  transfer_end_leg(transfer);
  // A failed handle may be in an undefined state.
  bool good = transfer->result->outcome == CLIENT_OK;
  if (good && multi->kept_count < EASY_KEPT) multi->kept[multi->kept_count++] = easy;
  else curl_easy_cleanup(easy);
}

// With many requests all connections are kept: otherwise libcurl searches all of them, at the end of each transfer, for
// the one that was idle longest.
static void watch_crowd(Multi *multi) {
  bool crowded = multi->running_count > CONNECTIONS_KEPT;
  if (crowded == multi->crowded) return;
  multi->crowded = crowded;
  curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS,
                    crowded ? (long)multi->at_once : (long)CONNECTIONS_KEPT);
}

static void take_back(Multi *multi, Transfer *transfer) {
  if (transfer->list == &multi->running) {
    multi->running_count--;
    watch_crowd(multi);
  }
  transfer_list_remove(transfer);
  release_easy(multi, transfer);
}

static void end(Multi *multi, Transfer *transfer) {
  take_back(multi, transfer);
  multi->options.ended(multi->options.ctx, transfer);
}

static void start_leg(Multi *multi, Transfer *transfer);

static void note_version(Multi *multi, const Transfer *transfer) {
  long version = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
  if (version >= CURL_HTTP_VERSION_2_0) multi->http2 = true;
  else if (version && strncasecmp(transfer->url, "https", 5) == 0) multi->http1_tls = true;
}

static void complete(Multi *multi, Transfer *transfer, CURLcode code) {
  long status = 0;
  char *location = NULL;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &location);
  transfer->result->status = (int)status;
  note_version(multi, transfer);
  // libcurl takes a truncated head for an answer without a body.
  if (code == CURLE_OK && !transfer->head_ended) code = CURLE_GOT_NOTHING;
  if (code == CURLE_OK && transfer_redirect(transfer, location, &code)) {
    take_back(multi, transfer);
    start_leg(multi, transfer);
    return;
  }
  if (code != CURLE_OK) transfer_fail(transfer, code);
  end(multi, transfer);
}

static void take_finished(Multi *multi) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi->curl, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    char *transfer;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    complete(multi, (Transfer *)transfer, code);
  }
}

// ---- making libcurl's handle, and making it anew ------------------------------------------------

static void on_timer(uv_timer_t *timer);
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx);
static int on_curl_timer(CURLM *curl, long timeout_ms, void *ctx);

// Each connection takes a descriptor; the HTTP threads and the store need some too. Uses as many as the system
// allows.
static long connections_max(void) {
  struct rlimit limit;
  const rlim_t wanted = CONNECTIONS_MAX + FDS_FOR_OTHERS;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return CONNECTIONS_LEAST;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  long rest = limit.rlim_cur > wanted ? CONNECTIONS_MAX : (long)limit.rlim_cur - FDS_FOR_OTHERS;
  return rest < CONNECTIONS_LEAST ? CONNECTIONS_LEAST : rest;
}

static CURLM *make_curl(Multi *multi) {
  CURLM *curl = curl_multi_init();
  if (!curl) return NULL;
  multi->at_once = (size_t)connections_max();
  curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
  curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
  curl_multi_setopt(curl, CURLMOPT_TIMERDATA, multi);
  curl_multi_setopt(curl, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)multi->at_once);
  curl_multi_setopt(curl, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
  return curl;
}

// Its connections are closed with it.
static void drop_curl(Multi *multi) {
  multi->renewing = true;
  sockets_forget(multi->sockets);
  curl_multi_cleanup(multi->curl);
  multi->renewing = false;
}

static size_t end_all(Multi *multi) {
  TransferList ended = { 0 };
  size_t count = 0;
  for (Transfer *transfer; (transfer = multi->running.first); count++) {
    transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
    take_back(multi, transfer);
    transfer_list_add(&ended, transfer);
  }
  for (Transfer *transfer; (transfer = ended.first);) {
    transfer_list_remove(transfer);
    multi->options.ended(multi->options.ctx, transfer);
  }
  return count;
}

// A multi handle that failed once, without memory or descriptors, is unusable: it has lost a
// socket, or reports nothing any more. Its transfers end, and a new handle replaces it.
static void renew(Multi *multi, CURLMcode code) {
  CURLM *fresh = make_curl(multi);
  multi->broken = fresh == NULL;
  if (multi->broken) {
    uv_timer_start(&multi->timer, on_timer, AGAIN_MS, 0);
    return;
  }
  multi->renewing = true;
  size_t ended = end_all(multi);
  drop_curl(multi);
  multi->curl = fresh;
  log_warn("libcurl failed (%s): %zu requests under way have ended with an error, and connections "
           "were closed. Look at this machine's memory and at the limit of open files",
           curl_multi_strerror(code), ended);
}

// ---- driving it ---------------------------------------------------------------------------------

static void start_waiting(Multi *multi) {
  while (multi->waiting.first && multi->running_count < multi->at_once) {
    Transfer *transfer = multi->waiting.first;
    transfer_list_remove(transfer);
    start_leg(multi, transfer);
  }
}

// Lets libcurl run its pending actions.
static void drive(Multi *multi, curl_socket_t fd, int flags) {
  int running;
  CURLMcode code = CURLM_OUT_OF_MEMORY;
  if (!multi->broken) {
    code = curl_multi_socket_action(multi->curl, fd, flags, &running);
    take_finished(multi);
  }
  if (code != CURLM_OK) renew(multi, code);
  start_waiting(multi);
}

static void on_timer(uv_timer_t *timer) { drive(timer->data, CURL_SOCKET_TIMEOUT, 0); }

static void on_socket_ready(void *ctx, int fd, int flags) { drive(ctx, fd, flags); }

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
  Multi *multi = ctx;
  return multi->renewing || sockets_watch(multi->sockets, fd, what) ? 0 : -1;
}

static int on_curl_timer(CURLM *curl, long timeout_ms, void *ctx) {
  Multi *multi = ctx;
  if (timeout_ms < 0) uv_timer_stop(&multi->timer);
  else uv_timer_start(&multi->timer, on_timer, (uint64_t)timeout_ms, 0);
  return 0;
}

// Whether every connection is in use, which libcurl would search all of them to find out. Transfers that share one
// connection (HTTP/2) are left to libcurl.
static bool needs_fresh(const Multi *multi, const Transfer *transfer) {
  bool tls = strncasecmp(transfer->url, "https", 5) == 0;
  bool shared = tls && (multi->http2 || !multi->http1_tls);
  return !shared && multi->running_count >= sockets_count(multi->sockets);
}

static void start_leg(Multi *multi, Transfer *transfer) {
  EasyOptions options = { .proxy = multi->options.proxy,
                          .ca_file = multi->options.ca_file,
                          .share = multi->share,
                          .sockets = multi->sockets,
                          .fresh = needs_fresh(multi, transfer) };
  transfer_list_add(&multi->running, transfer);
  multi->running_count++;
  watch_crowd(multi);
  transfer->easy = multi->kept_count ? multi->kept[--multi->kept_count] : curl_easy_init();
  bool ready = transfer->easy && !multi->broken && transfer_tell_easy(transfer, &options);
  CURLMcode code = ready ? curl_multi_add_handle(multi->curl, transfer->easy) : CURLM_OK;
  if (ready && code == CURLM_OK) return;
  transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
  end(multi, transfer);
  if (code != CURLM_OK) renew(multi, code);
}

void multi_take_back(Multi *multi, Transfer *transfer) {
  take_back(multi, transfer);
  start_waiting(multi);
}

// libcurl delivers what it holds back, and watches the socket again. An error is reported as the transfer's end, like
// any other.
void multi_go_on(Multi *multi, Transfer *transfer) {
  if (!transfer->held) return;
  transfer->held = false;
  transfer->heard_us = clock_now_us();
  if (transfer->list == &multi->running) curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

void multi_start(Multi *multi, Transfer *transfer) {
  if (multi->running_count < multi->at_once) start_leg(multi, transfer);
  else transfer_list_add(&multi->waiting, transfer);
}

// ---- its own beginning and end ------------------------------------------------------------------

static void on_closed(void *ctx) {
  Multi *multi = ctx;
  if (--multi->handles) return;
  multi->gone(multi->gone_ctx);
  free(multi);
}

static void on_timer_closed(uv_handle_t *handle) { on_closed(handle->data); }

void multi_free(Multi *multi, void (*gone)(void *ctx), void *ctx) {
  multi->gone = gone;
  multi->gone_ctx = ctx;
  multi->handles = 2;
  while (multi->kept_count) curl_easy_cleanup(multi->kept[--multi->kept_count]);
  drop_curl(multi);
  curl_share_cleanup(multi->share);
  sockets_free(multi->sockets, on_closed);
  uv_close((uv_handle_t *)&multi->timer, on_timer_closed);
}

Multi *multi_new(const MultiOptions *options) {
  Multi *multi = calloc(1, sizeof *multi);
  if (!multi) return NULL;
  multi->options = *options;
  multi->curl = make_curl(multi);
  multi->share = curl_share_init();
  multi->sockets = sockets_new(options->loop, on_socket_ready, multi);
  if (multi->curl && multi->share && multi->sockets) {
    curl_share_setopt(multi->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    uv_timer_init(loop_uv(options->loop), &multi->timer);
    multi->timer.data = multi;
    return multi;
  }
  if (multi->curl) curl_multi_cleanup(multi->curl);
  if (multi->share) curl_share_cleanup(multi->share);
  sockets_free(multi->sockets, NULL);
  free(multi);
  return NULL;
}
