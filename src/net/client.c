// libcurl's multi handle on libuv: sockets and time-outs here, one Transfer per request.
#include "net/client.h"
#include "base/clock.h"
#include "codec/url.h"
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum {
  EASY_KEPT = 64,
  CONNECTIONS_MAX = 4096,
  FDS_FOR_OTHERS = 700,
  REDIRECTS_MAX = 10,
  CONNECT_MS = 10 * 1000,
  OVERDUE_MS = 1000,
  AGAIN_MS = 10
};

typedef struct Transfer Transfer;

// What a part's bytes are read from.
typedef struct {
  Str data;
  int fd;  // -1: data
  off_t start, size, at;
} Source;

typedef struct Part {
  const char *name, *filename, *content_type;
  Source source;
  struct Part *next;
} Part;

struct Transfer {
  ClientResult result;  // first: the receiver frees the transfer through it
  Client *client;
  Transfer *prev, *next;
  uint64_t id;
  bool cancelled, too_large, no_memory, head_ended;
  Arena *arena;  // copies of the request, the answer's headers
  ClientRequest request;
  const char *url, *method;
  char place[280];  // host and port, for messages
  Part *parts;
  CURL *easy;
  CURLM *multi;  // it was added to
  struct curl_slist *headers;
  curl_mime *mime;
  Buf body;
  LoopTimer *delay;
  int64_t overdue_us;  // monotonic: libcurl should have ended it long ago
  char error[CURL_ERROR_SIZE];
  ClientDone done;
  void *ctx;
};

typedef struct {
  Transfer *first, *last;
} List;

struct Client {
  Loop *loop;
  char *proxy, *ca_file;
  CURLM *multi;
  CURLSH *share;
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

typedef struct {
  uv_poll_t poll;
  Client *client;
} Socket;

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

static void close_parts(Transfer *transfer) {
  for (Part *part = transfer->parts; part; part = part->next) {
    if (part->source.fd >= 0) close(part->source.fd);
    part->source.fd = -1;
  }
}

void client_result_free(ClientResult *result) {
  if (!result) return;
  Transfer *transfer = (Transfer *)result;
  if (result->fd >= 0) close(result->fd);
  close_parts(transfer);
  buf_clear(&transfer->body);
  arena_free(transfer->arena);
  free(transfer);
}

// Gives back what only a transfer under way needs.
static void release(Client *client, Transfer *transfer) {
  if (transfer->easy) {
    if (transfer->multi) curl_multi_remove_handle(transfer->multi, transfer->easy);
    curl_easy_reset(transfer->easy);
    // One that failed may be left half reset.
    bool good = transfer->result.outcome == CLIENT_OK;
    if (good && client->kept_count < EASY_KEPT) client->kept[client->kept_count++] = transfer->easy;
    else curl_easy_cleanup(transfer->easy);
  }
  transfer->easy = NULL;
  transfer->multi = NULL;
  curl_mime_free(transfer->mime);
  transfer->mime = NULL;
  curl_slist_free_all(transfer->headers);
  transfer->headers = NULL;
  close_parts(transfer);
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

// libcurl's own words, unless they could quote an address with a secret in it.
static const char *details(const Transfer *transfer, CURLcode code) {
  const char *text = transfer->error;
  bool plain = text[0] && !strchr(text, '?') && !strstr(text, "://") && !strstr(text, "token");
  return plain ? text : curl_easy_strerror(code);
}

static void fail(Transfer *transfer, CURLcode code) {
  ClientResult *result = &transfer->result;
  result->outcome = CLIENT_NETWORK;
  if (transfer->no_memory || code == CURLE_OUT_OF_MEMORY) {
    err_set(&result->err, ERR_MEMORY, "%s: no memory for the answer", transfer->place);
  } else if (transfer->too_large) {
    result->outcome = CLIENT_TOO_LARGE;
    err_set(&result->err, ERR_TOO_LARGE, "%s: the answer is larger than %zu bytes", transfer->place,
            transfer->request.response_max);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    result->outcome = CLIENT_TIMEOUT;
    err_set(&result->err, ERR_TIMEOUT, "%s: no whole answer in time (%s)", transfer->place,
            details(transfer, code));
  } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
    err_set(&result->err, ERR_NETWORK,
            "%s: its certificate is not trusted: %s (ca_file names further authorities)", transfer->place,
            details(transfer, code));
  } else {
    err_set(&result->err, ERR_NETWORK, "%s: %s", transfer->place, details(transfer, code));
  }
}

static void cancel(Client *client, Transfer *transfer) {
  if (transfer->delay) loop_timer_stop(transfer->delay);
  transfer->delay = NULL;
  transfer->result.outcome = CLIENT_CANCELLED;
  err_set(&transfer->result.err, ERR_FAILED, "%s: the request was cancelled", transfer->place);
  finish(client, transfer);
}

static void complete(Client *client, Transfer *transfer, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->result.status = (int)status;
  // libcurl takes a head that breaks off for an answer without a body.
  if (code == CURLE_OK && !transfer->head_ended) code = CURLE_GOT_NOTHING;
  if (code != CURLE_OK) fail(transfer, code);
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

static void on_timer(uv_timer_t *timer);

// Lets libcurl do what is due. When it fails (no memory) it forgets to ask for its timer, so it is driven
// again soon.
static void drive(Client *client, curl_socket_t fd, int flags) {
  int running;
  CURLMcode code = curl_multi_socket_action(client->multi, fd, flags, &running);
  if (code != CURLM_OK) uv_timer_start(&client->timer, on_timer, AGAIN_MS, 0);
  take_finished(client);
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
    fail(transfer, CURLE_OPERATION_TIMEDOUT);
    finish(client, transfer);
  }
  drive(client, CURL_SOCKET_TIMEOUT, 0);
  if (!client->active.first) uv_timer_stop(timer);
}

// ---- the answer ---------------------------------------------------------------------------------

static size_t on_header(char *line, size_t size, size_t count, void *ctx) {
  Transfer *transfer = ctx;
  Str text = str_trim(str_make(line, size * count)), name, value;
  if (str_starts(text, STR("HTTP/"))) {
    transfer->result.headers = (Pairs){ 0 };  // of an interim answer or a redirect: the last answer's count
    transfer->head_ended = false;
  } else if (text.len == 0) {
    transfer->head_ended = true;
  } else if (str_cut(text, ':', &name, &value)) {
    name = arena_dup(transfer->arena, name);
    value = arena_dup(transfer->arena, str_trim(value));
    if (!name.ptr || !value.ptr || !pairs_add(&transfer->result.headers, transfer->arena, name, value)) {
      transfer->no_memory = true;
      return 0;
    }
  }
  return size * count;
}

int client_temp_file(Err *err) {
  const char *folder = getenv("TMPDIR");
  char path[512];
  snprintf(path, sizeof(path), "%s/wemoon-XXXXXX", folder && *folder ? folder : "/tmp");
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd < 0) {
    err_set(err, ERR_FAILED, "cannot make a temporary file in %s: %s", folder && *folder ? folder : "/tmp",
            strerror(errno));
    return -1;
  }
  unlink(path);
  return fd;
}

static bool write_all(int fd, Str bytes) {
  while (bytes.len) {
    ssize_t n = write(fd, bytes.ptr, bytes.len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = str_sub(bytes, (size_t)n, bytes.len);
  }
  return true;
}

// Moves the body from memory to a file, where it goes on.
static bool spill(Transfer *transfer) {
  transfer->result.fd = client_temp_file(NULL);
  if (transfer->result.fd < 0 || !write_all(transfer->result.fd, buf_str(&transfer->body))) return false;
  buf_clear(&transfer->body);
  return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx) {
  Transfer *transfer = ctx;
  const ClientRequest *request = &transfer->request;
  ClientResult *result = &transfer->result;
  Str text = str_make(bytes, size * count);
  result->size += text.len;
  if (result->size > request->response_max) {
    transfer->too_large = true;
    return 0;
  }
  if (request->memory_max && result->fd < 0 && result->size > request->memory_max && !spill(transfer))
    return 0;
  if (result->fd >= 0) return write_all(result->fd, text) ? text.len : 0;
  buf_add(&transfer->body, text);
  transfer->no_memory = transfer->body.failed;
  return transfer->body.failed ? 0 : text.len;
}

// ---- the request --------------------------------------------------------------------------------

static size_t read_source(char *out, size_t size, size_t count, void *ctx) {
  Source *source = ctx;
  size_t room = size * count, left = (size_t)(source->size - source->at);
  if (room > left) room = left;
  ssize_t n = (ssize_t)room;
  if (source->fd < 0) memcpy(out, source->data.ptr + source->at, room);
  else if (room) n = pread(source->fd, out, room, source->start + source->at);
  // A file that shrank under the reader cannot fill the length that was announced.
  if (n < 0 || (n == 0 && room > 0)) return CURL_READFUNC_ABORT;
  source->at += n;
  return (size_t)n;
}

static int seek_source(void *ctx, curl_off_t offset, int origin) {
  Source *source = ctx;
  if (origin != SEEK_SET || offset < 0 || offset > source->size) return CURL_SEEKFUNC_CANTSEEK;
  source->at = offset;
  return CURL_SEEKFUNC_OK;
}

static bool add_part(Transfer *transfer, Part *part) {
  curl_mimepart *mime = curl_mime_addpart(transfer->mime);
  Source *source = &part->source;
  return mime && curl_mime_name(mime, part->name) == CURLE_OK &&
         (!part->filename || curl_mime_filename(mime, part->filename) == CURLE_OK) &&
         (!part->content_type || curl_mime_type(mime, part->content_type) == CURLE_OK) &&
         curl_mime_data_cb(mime, source->size, read_source, seek_source, NULL, source) == CURLE_OK;
}

static bool add_header(Transfer *transfer, const char *line) {
  struct curl_slist *list = curl_slist_append(transfer->headers, line);
  if (list) transfer->headers = list;
  return list != NULL;
}

// "Name: value"; libcurl wants "Name;" for an empty value.
static bool add_headers(Transfer *transfer) {
  const Pairs *headers = transfer->request.headers;
  for (const Pair *pair = headers ? headers->first : NULL; pair; pair = pair->next) {
    Str line = pair->value.len
                   ? arena_printf(transfer->arena, "%.*s: %.*s", STR_FMT(pair->name), STR_FMT(pair->value))
                   : arena_printf(transfer->arena, "%.*s;", STR_FMT(pair->name));
    if (!line.ptr || !add_header(transfer, line.ptr)) return false;
  }
  bool typed = headers && pairs_get_nocase(headers, STR("Content-Type"), NULL);
  bool expects = headers && pairs_get_nocase(headers, STR("Expect"), NULL);
  // No form type for bodies that are none, and no second of waiting for "100 Continue" before a large body.
  if (!typed && !transfer->parts && !add_header(transfer, "Content-Type:")) return false;
  return expects || add_header(transfer, "Expect:");
}

static bool add_parts(Transfer *transfer) {
  transfer->mime = curl_mime_init(transfer->easy);
  if (!transfer->mime) return false;
  for (Part *part = transfer->parts; part; part = part->next) {
    if (!add_part(transfer, part)) return false;
  }
  return curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

static bool set_body(Transfer *transfer) {
  CURL *easy = transfer->easy;
  const ClientRequest *request = &transfer->request;
  const char *method = transfer->method;
  bool post = strcmp(method, "POST") == 0, head = strcmp(method, "HEAD") == 0,
       get = strcmp(method, "GET") == 0;
  bool body = request->has_body || transfer->parts;
  if (transfer->parts) {
    if (!add_parts(transfer)) return false;
  } else if (body || post) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
  } else if (head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  // What libcurl knows by itself is left to it: it changes POST to GET on redirects as browsers do. Other
  // verbs are kept.
  bool known = post || (head && !body) || (get && !body);
  return known || curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static bool set_options(Client *client, Transfer *transfer) {
  CURL *easy = transfer->easy;
  const ClientRequest *request = &transfer->request;
  long connect_ms = request->timeout_ms < CONNECT_MS ? (long)request->timeout_ms : CONNECT_MS;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  // Many at once share one HTTP/2 connection instead of making one each; without TLS there is no HTTP/2.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncasecmp(transfer->url, "https", 5) == 0 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  if (request->insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  // These copy or allocate, so they can fail.
  return curl_easy_setopt(easy, CURLOPT_URL, transfer->url) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_USERAGENT, "wemoon/" WEMOON_VERSION) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PROXY, client->proxy ? client->proxy : "") == CURLE_OK &&
         (!client->ca_file || curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file) == CURLE_OK) &&
         curl_easy_setopt(easy, CURLOPT_SHARE, client->share) == CURLE_OK && set_body(transfer) &&
         add_headers(transfer) && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static void start(Client *client, Transfer *transfer) {
  transfer->overdue_us = clock_now_us() + (transfer->request.timeout_ms + OVERDUE_MS) * 1000;
  if (!uv_is_active((uv_handle_t *)&client->sweep))
    uv_timer_start(&client->sweep, on_sweep, OVERDUE_MS, OVERDUE_MS);
  transfer->easy = client->kept_count ? client->kept[--client->kept_count] : curl_easy_init();
  if (transfer->easy && set_options(client, transfer) &&
      curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK) {
    transfer->multi = client->multi;
    return;
  }
  fail(transfer, CURLE_OUT_OF_MEMORY);
  finish(client, transfer);
}

static void start_delayed(void *ctx) {
  Transfer *transfer = ctx;
  transfer->delay = NULL;
  start(transfer->client, transfer);
}

static void begin(Client *client, Transfer *transfer) {
  if (transfer->request.delay_ms > 0) {
    transfer->delay = loop_timer(client->loop, transfer->request.delay_ms, 0, start_delayed, transfer);
    if (transfer->delay) return;
  }
  start(client, transfer);
}

// ---- libuv --------------------------------------------------------------------------------------

static void on_socket_ready(uv_poll_t *poll, int status, int events) {
  Socket *sock = poll->data;
  Client *client = sock->client;
  int flags = status < 0 ? CURL_CSELECT_ERR : 0;
  if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
  uv_os_fd_t fd;
  if (uv_fileno((uv_handle_t *)poll, &fd) != 0) return;
  drive(client, fd, flags);
}

static void free_socket(uv_handle_t *handle) { free(handle->data); }

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
  Client *client = ctx;
  Socket *sock = socket_ctx;
  if (what == CURL_POLL_REMOVE) {
    if (!sock) return 0;
    curl_multi_assign(client->multi, fd, NULL);
    uv_poll_stop(&sock->poll);
    uv_close((uv_handle_t *)&sock->poll, free_socket);
    return 0;
  }
  if (!sock) {
    sock = calloc(1, sizeof(*sock));
    if (!sock) return -1;
    sock->client = client;
    sock->poll.data = sock;
    if (uv_poll_init(loop_uv(client->loop), &sock->poll, fd) != 0) {
      free(sock);
      return -1;
    }
    curl_multi_assign(client->multi, fd, sock);
  }
  int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  return uv_poll_start(&sock->poll, events, on_socket_ready) == 0 ? 0 : -1;
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

static void on_handle_closed(uv_handle_t *handle) {
  Client *client = handle->data;
  pthread_mutex_lock(&client->lock);
  client->handles--;
  pthread_cond_broadcast(&client->changed);
  pthread_mutex_unlock(&client->lock);
}

static void tear_down(Client *client) {
  while (client->active.first) cancel(client, client->active.first);
  while (client->kept_count) curl_easy_cleanup(client->kept[--client->kept_count]);
  curl_multi_cleanup(client->multi);
  curl_share_cleanup(client->share);
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

static bool has_line_break(Str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == 0) return true;
  }
  return false;
}

static bool is_token(Str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (!isalnum((unsigned char)s.ptr[i]) && !strchr("!#$%&'*+-.^_`|~", s.ptr[i])) return false;
  }
  return s.len > 0;
}

static const char *dup_or_null(Arena *arena, Str s) { return s.len ? arena_dup(arena, s).ptr : NULL; }

static bool copy_headers(Transfer *transfer, const Pairs *headers, Err *err) {
  Pairs *copy = arena_calloc(transfer->arena, 1, sizeof(*copy));
  if (!copy) return err_set(err, ERR_MEMORY, "no memory for a request");
  for (const Pair *pair = headers->first; pair; pair = pair->next) {
    if (!is_token(pair->name) || has_line_break(pair->value))
      return err_set(err, ERR_USAGE, "the header \"%.*s\" has a name or a value that no header may have",
                     STR_FMT(pair->name));
    Str name = arena_dup(transfer->arena, pair->name), value = arena_dup(transfer->arena, pair->value);
    if (!name.ptr || !value.ptr || !pairs_add(copy, transfer->arena, name, value))
      return err_set(err, ERR_MEMORY, "no memory for a request");
  }
  transfer->request.headers = copy;
  return true;
}

static bool copy_source(Source *source, Arena *arena, const ClientPart *from, Err *err) {
  source->fd = -1;
  if (from->fd < 0) {
    source->data = arena_dup(arena, from->data);
    source->size = (off_t)from->data.len;
    return source->data.ptr ? true : err_set(err, ERR_MEMORY, "no memory for a request");
  }
  struct stat info;
  if (fstat(from->fd, &info) != 0 || !S_ISREG(info.st_mode))
    return err_set(err, ERR_USAGE, "%.*s: not a regular file, so its length is not known",
                   STR_FMT(from->filename));
  source->start = lseek(from->fd, 0, SEEK_CUR);
  source->size = info.st_size > source->start ? info.st_size - source->start : 0;
  source->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
  if (source->fd < 0) return err_set(err, ERR_FAILED, "%.*s: %s", STR_FMT(from->filename), strerror(errno));
  return true;
}

static bool copy_parts(Transfer *transfer, const ClientPart *from, Err *err) {
  Part **last = &transfer->parts;
  for (; from; from = from->next) {
    Part *part = arena_calloc(transfer->arena, 1, sizeof(*part));
    if (!part) return err_set(err, ERR_MEMORY, "no memory for a request");
    if (!copy_source(&part->source, transfer->arena, from, err)) return false;
    *last = part;
    last = &part->next;
    part->name = arena_dup(transfer->arena, from->name).ptr;
    part->filename = dup_or_null(transfer->arena, from->filename);
    Str type = from->content_type;
    if (type.len == 0 && from->filename.len) type = STR("application/octet-stream");
    part->content_type = dup_or_null(transfer->arena, type);
    if (!part->name || (from->filename.len && !part->filename) || (type.len && !part->content_type))
      return err_set(err, ERR_MEMORY, "no memory for a request");
    if (has_line_break(type)) return err_set(err, ERR_USAGE, "a part's content type has a line break in it");
  }
  return true;
}

static bool copy_url(Transfer *transfer, Str text, Err *err) {
  Url url;
  if (!url_split(text, &url, NULL) || url.host.len == 0 ||
      !(str_eq_nocase(url.scheme, STR("http")) || str_eq_nocase(url.scheme, STR("https"))))
    return err_set(err, ERR_USAGE, "a URL must begin with http:// or https:// and name a host");
  if (has_line_break(text) || memchr(text.ptr, ' ', text.len))
    return err_set(err, ERR_USAGE, "a URL may hold neither blanks nor line breaks: encode them (%%20)");
  transfer->url = arena_dup(transfer->arena, text).ptr;
  if (url.port < 0) snprintf(transfer->place, sizeof(transfer->place), "%.*s", STR_FMT(url.host));
  else snprintf(transfer->place, sizeof(transfer->place), "%.*s:%d", STR_FMT(url.host), url.port);
  return transfer->url ? true : err_set(err, ERR_MEMORY, "no memory for a request");
}

static bool copy_request(Transfer *transfer, const ClientRequest *request, Err *err) {
  transfer->arena = arena_new();
  if (!transfer->arena) return err_set(err, ERR_MEMORY, "no memory for a request");
  if (!is_token(request->method))
    return err_set(err, ERR_USAGE, "\"%.*s\" is no HTTP method", STR_FMT(request->method));
  if (request->timeout_ms <= 0) return err_set(err, ERR_USAGE, "a time-out must be positive");
  transfer->request = *request;
  transfer->request.headers = NULL;
  transfer->request.parts = NULL;
  transfer->method = arena_dup(transfer->arena, request->method).ptr;
  transfer->request.body = arena_dup(transfer->arena, request->body);
  if (!transfer->method || !transfer->request.body.ptr)
    return err_set(err, ERR_MEMORY, "no memory for a request");
  return copy_url(transfer, request->url, err) &&
         (!request->headers || copy_headers(transfer, request->headers, err)) &&
         copy_parts(transfer, request->parts, err);
}

uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx, Err *err) {
  Transfer *transfer = calloc(1, sizeof(*transfer));
  if (!transfer) {
    err_set(err, ERR_MEMORY, "no memory for a request");
    return 0;
  }
  transfer->client = client;
  transfer->result.fd = -1;
  transfer->done = done;
  transfer->ctx = ctx;
  buf_init(&transfer->body);
  if (!copy_request(transfer, request, err)) {
    client_result_free(&transfer->result);
    return 0;
  }
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
    err_set(err, ERR_BUSY, "%s: the program is ending", transfer->place);
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

static bool make_multi(Client *client) {
  client->multi = curl_multi_init();
  client->share = curl_share_init();
  if (!client->multi || !client->share) return false;
  curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
  curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
  curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
  curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
  curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max());
  curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 256L);
  return true;
}

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
  bool good = make_multi(client) && uv_async_init(uv, &client->wake, on_wake) == 0;
  if (good) {
    uv_timer_init(uv, &client->timer);
    uv_timer_init(uv, &client->sweep);
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
    return err_set(err, ERR_USAGE, "ca_file: %s cannot be read: %s", options->ca_file, strerror(errno));
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
  client->handles = 3;
  pthread_mutex_init(&client->lock, NULL);
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
