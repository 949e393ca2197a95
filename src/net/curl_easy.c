// What libcurl is told of a transfer, and what it tells: options, the request's bytes, the answer's.
#include "net/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum { REDIRECTS_MAX = 10, CONNECT_MS = 10 * 1000 };

// ---- the answer ---------------------------------------------------------------------------------

static size_t on_header(char *line, size_t size, size_t count, void *ctx) {
  Transfer *transfer = ctx;
  Str text = str_trim(str_make(line, size * count)), name, value;
  if (str_starts(text, STR("HTTP/"))) {
    transfer->result.headers =
        (Pairs){ 0 };  // of an interim answer or a redirect: the last answer's count
    transfer->head_ended = false;
  } else if (text.len == 0) {
    transfer->head_ended = true;
  } else if (str_cut(text, ':', &name, &value)) {
    name = arena_dup(transfer->arena, name);
    value = arena_dup(transfer->arena, str_trim(value));
    if (!name.ptr || !value.ptr ||
        !pairs_add(&transfer->result.headers, transfer->arena, name, value)) {
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
    err_set(err, ERR_FAILED, "cannot make a temporary file in %s: %s",
            folder && *folder ? folder : "/tmp", strerror(errno));
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
  if (transfer->result.fd < 0 || !write_all(transfer->result.fd, buf_str(&transfer->body)))
    return false;
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
  if (request->memory_max && result->fd < 0 && result->size > request->memory_max &&
      !spill(transfer))
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

static bool posts(const Transfer *transfer) {
  return transfer->request.has_body || transfer->parts || strcmp(transfer->method, "POST") == 0;
}

// "Name: value"; libcurl wants "Name;" for an empty value.
static bool add_headers(Transfer *transfer) {
  const Pairs *headers = transfer->request.headers;
  for (const Pair *pair = headers ? headers->first : NULL; pair; pair = pair->next) {
    Str line = pair->value.len ? arena_printf(transfer->arena, "%.*s: %.*s", STR_FMT(pair->name),
                                              STR_FMT(pair->value))
                               : arena_printf(transfer->arena, "%.*s;", STR_FMT(pair->name));
    if (!line.ptr || !add_header(transfer, line.ptr)) return false;
  }
  if (!posts(transfer)) return true;
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
  } else if (posts(transfer)) {
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

// What all transfers are told alike.
static bool tell_common(CURL *easy, const EasyOptions *options) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, sockets_open);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, options->sockets);
  // These copy or allocate, so they can fail.
  return curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_USERAGENT, "wemoon/" WEMOON_VERSION) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy ? options->proxy : "") == CURLE_OK &&
         (!options->ca_file ||
          curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) == CURLE_OK) &&
         curl_easy_setopt(easy, CURLOPT_SHARE, options->share) == CURLE_OK;
}

bool transfer_tell_easy(Transfer *transfer, const EasyOptions *options) {
  CURL *easy = transfer->easy;
  const ClientRequest *request = &transfer->request;
  long connect_ms = request->timeout_ms < CONNECT_MS ? (long)request->timeout_ms : CONNECT_MS;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  // Many at once share one HTTP/2 connection instead of making one each; without TLS there is no HTTP/2.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncasecmp(transfer->url, "https", 5) == 0 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  if (request->insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  return tell_common(easy, options) &&
         curl_easy_setopt(easy, CURLOPT_URL, transfer->url) == CURLE_OK && set_body(transfer) &&
         add_headers(transfer) &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}
