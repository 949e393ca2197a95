// libcurl's options and callbacks of a transfer: the bytes of the request and of the answer.
#include "net/transfer.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/answer_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AGENT "wemoon/" WEMOON_VERSION
#define ENCODING "gzip"

// IDLE_S: servers close connections that were idle for 5 s (Node, Apache, uvicorn) or longer: so late none carries a
// request that must not be repeated, which might be on its way then. libcurl counts whole seconds. LONG_IDLE_S is its
// own.
enum { CONNECT_MS = 10 * 1000, BUFFER_SIZE = 1024 };
static const long IDLE_S = 3, LONG_IDLE_S = 118;

// ---- the answer ---------------------------------------------------------------------------------

// A new head begins: of an interim answer, of a redirect, or the final one, whose headers count.
static void begin_head(Transfer *transfer) {
  ClientResult *result = transfer->result;
  if (result->arena) arena_reset(result->arena);
  result->headers = (Pairs){ 0 };
  transfer->head_began = transfer->head_ended = false;
}

static bool add_answer_header(ClientResult *result, Str name, Str value) {
  if (!result->arena && !(result->arena = arena_new())) return false;
  name = arena_dup(result->arena, name);
  value = arena_dup(result->arena, value);
  return name.ptr && value.ptr && pairs_add(&result->headers, result->arena, name, value);
}

static bool take_header(Transfer *transfer, Str line) {
  Str name, value;
  if (!str_cut(line, ':', &name, &value)) return true;
  transfer->head_began = true;
  return transfer->request->no_headers ||
         add_answer_header(transfer->result, name, str_trim(value));
}

// A redirect to follow is not the answer yet; nor is an interim answer.
static bool is_last_answer(Transfer *transfer, long status) {
  const ClientResult *result = transfer->result;
  bool elsewhere = transfer->request->follow && status >= 300 && status < 400 &&
                   pairs_get_nocase(&result->headers, STR("Location"), NULL);
  return status >= 200 && !elsewhere;
}

static void announce(Transfer *transfer) {
  ClientResult *result = transfer->result;
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (transfer->announced || !is_last_answer(transfer, status)) return;
  transfer->announced = true;
  result->status = (int)status;
  transfer->request->stream->head(transfer->ctx, result);
  // A stream lives long and does not need its head again.
  arena_free(result->arena);
  result->arena = NULL;
  result->headers = (Pairs){ 0 };
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx) {
  Transfer *transfer = ctx;
  Str text = str_trim(str_make(line, size * count));
  if (transfer->announced) return size * count;  // a trailer
  if (transfer->request->stream) transfer->heard_us = clock_now_us();
  if (str_starts(text, STR("HTTP/"))) {
    begin_head(transfer);
  } else if (text.len == 0) {
    transfer->head_ended = true;
    if (transfer->request->stream) announce(transfer);
  } else if (!take_header(transfer, text)) {
    transfer->no_memory = true;
    return 0;
  }
  return size * count;
}

int client_temp_file(Err *err) {
  const char *folder = getenv("TMPDIR");
  char path[512];
  snprintf(path, sizeof(path), "%s/wemoon-XXXXXX", folder && *folder ? folder : "/tmp");
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd < 0) {
    err_set(err, ERR_FAILED, "cannot create a temporary file in %s: %s",
            folder && *folder ? folder : "/tmp", strerror(errno));
    return -1;
  }
  unlink(path);
  return fd;
}

// Moves the body from memory to a file.
static bool spill(ClientResult *result) {
  result->fd = client_temp_file(NULL);
  if (result->fd < 0 || !file_write_all(result->fd, buf_str(&result->bytes))) return false;
  buf_clear(&result->bytes);
  answer_bytes_hold(&result->counted, 0);
  return true;
}

// Appends it to the body in memory.
static size_t hold(Transfer *transfer, Str text) {
  ClientResult *result = transfer->result;
  transfer->too_many = !answer_bytes_hold(&result->counted, result->bytes.len + text.len);
  if (transfer->too_many) return 0;
  buf_add(&result->bytes, text);
  transfer->no_memory = result->bytes.failed;
  return result->bytes.failed ? 0 : text.len;
}

// Passes a piece of a stream on; drops the body of a redirect.
static size_t hand_on(Transfer *transfer, Str text) {
  transfer->heard_us = clock_now_us();
  if (!transfer->announced) return text.len;
  transfer->held = !transfer->request->stream->bytes(transfer->ctx, text);
  if (transfer->held) return CURL_WRITEFUNC_PAUSE;
  transfer->result->size += text.len;
  return text.len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx) {
  Transfer *transfer = ctx;
  const ClientRequest *request = transfer->request;
  ClientResult *result = transfer->result;
  Str text = str_make(bytes, size * count);
  if (request->stream) return hand_on(transfer, text);
  result->size += text.len;
  if (result->size > request->response_max) {
    transfer->too_large = true;
    return 0;
  }
  if (request->memory_max && result->fd < 0 && result->size > request->memory_max && !spill(result))
    return 0;
  if (result->fd >= 0) return file_write_all(result->fd, text) ? text.len : 0;
  return hold(transfer, text);
}

// ---- the request --------------------------------------------------------------------------------

// Called before libcurl sends, also before it silently repeats a request whose kept connection broke.
static int on_sending(void *ctx, char *to, char *from, int to_port, int from_port) {
  Transfer *transfer = ctx;
  bool again = transfer->sent++ > 0;
  return again && !transfer->request->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t read_source(char *out, size_t size, size_t count, void *ctx) {
  Source *source = ctx;
  size_t room = size * count, left = (size_t)(source->size - source->at);
  if (room > left) room = left;
  ssize_t n = (ssize_t)room;
  if (source->part->fd < 0) memcpy(out, source->part->data.ptr + source->at, room);
  else if (room) n = pread(source->part->fd, out, room, source->start + source->at);
  // A file that became shorter meanwhile cannot fill the announced length.
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

static bool add_part(Transfer *transfer, Source *source) {
  const ClientPart *part = source->part;
  curl_mimepart *mime = curl_mime_addpart(transfer->mime);
  const char *type = part->content_type.len ? part->content_type.ptr
                     : part->filename.len   ? "application/octet-stream"
                                            : NULL;
  source->at = 0;
  return mime && curl_mime_name(mime, part->name.ptr) == CURLE_OK &&
         (!part->filename.len || curl_mime_filename(mime, part->filename.ptr) == CURLE_OK) &&
         (!type || curl_mime_type(mime, type) == CURLE_OK) &&
         curl_mime_data_cb(mime, source->size, read_source, seek_source, NULL, source) == CURLE_OK;
}

static bool add_parts(Transfer *transfer) {
  Source *source = transfer->sources;
  transfer->mime = curl_mime_init(transfer->easy);
  if (!transfer->mime) return false;
  for (const ClientPart *part = transfer->request->parts; part; part = part->next) {
    if (!add_part(transfer, source++)) return false;
  }
  return curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

static bool add_header(Transfer *transfer, const char *line) {
  struct curl_slist *list = curl_slist_append(transfer->headers, line);
  if (list) transfer->headers = list;
  return list != NULL;
}

static bool posts(const Transfer *transfer) {
  return transfer->has_body || strcmp(transfer->method, "POST") == 0;
}

// Whether the request's header is sent on this leg.
static bool goes_along(const Transfer *transfer, Str name) {
  static const Str of_origin[] = { STR("Authorization"), STR("Cookie"),
                                   STR("Proxy-Authorization") };
  for (size_t i = 0; transfer->elsewhere && i < sizeof of_origin / sizeof *of_origin; i++) {
    if (str_eq_nocase(name, of_origin[i])) return false;
  }
  bool of_body = str_eq_nocase(str_sub(name, 0, 8), STR("Content-"));
  return !of_body || transfer->redirects == 0 || transfer->has_body;
}

// "Name: value"; libcurl wants "Name;" for an empty value.
static bool add_request_headers(Transfer *transfer, const Pairs *headers) {
  Buf line;
  buf_init(&line);
  bool good = true;
  for (const Pair *pair = headers->first; pair && good; pair = pair->next) {
    if (!goes_along(transfer, pair->name)) continue;
    buf_reset(&line);
    buf_add(&line, pair->name);
    buf_add(&line, pair->value.len ? STR(": ") : STR(";"));
    buf_add(&line, pair->value);
    good = !line.failed && add_header(transfer, line.ptr);
  }
  buf_clear(&line);
  return good;
}

static bool has_header(const Transfer *transfer, Str name) {
  const Pairs *headers = transfer->request->headers;
  return headers && pairs_get_nocase(headers, name, NULL);
}

// What nearly every request ends with, or a POST; libcurl reads it alone. The two have options of libcurl's own: what
// it makes of those goes through its printf once more. No wait of a second for "100 Continue" before a large body.
static struct curl_slist agent = { (char *)"User-Agent: " AGENT, NULL },
                         encoding = { (char *)"Accept-Encoding: " ENCODING, &agent },
                         expect = { (char *)"Expect:", &encoding };

// Whether all of them go out. A stream asks for no encoding.
static bool is_usual(const Transfer *transfer) {
  return !transfer->request->stream && !has_header(transfer, STR("Accept-Encoding")) &&
         !has_header(transfer, STR("User-Agent")) && !has_header(transfer, STR("Expect"));
}

// Copies of those that go out.
static bool add_usual_headers(Transfer *transfer) {
  bool encoded = transfer->request->stream || has_header(transfer, STR("Accept-Encoding"));
  return (encoded || add_header(transfer, encoding.data)) &&
         (has_header(transfer, STR("User-Agent")) || add_header(transfer, agent.data)) &&
         (!posts(transfer) || has_header(transfer, STR("Expect")) ||
          add_header(transfer, expect.data));
}

// No form type for other bodies.
static bool add_content_type(Transfer *transfer) {
  bool typed = transfer->mime || has_header(transfer, STR("Content-Type"));
  return !posts(transfer) || typed || add_header(transfer, "Content-Type:");
}

static bool add_headers(Transfer *transfer) {
  const Pairs *headers = transfer->request->headers;
  return (!headers || add_request_headers(transfer, headers)) && add_content_type(transfer) &&
         (is_usual(transfer) || add_usual_headers(transfer));
}

// The transfer's own headers, and the usual ones behind them.
static struct curl_slist *all_headers(Transfer *transfer) {
  struct curl_slist *usual = posts(transfer) ? &expect : &encoding, *last = transfer->headers;
  if (!is_usual(transfer)) return transfer->headers;
  while (last && last->next) last = last->next;
  if (last) last->next = usual;
  transfer->headers_end = last;
  return last ? transfer->headers : usual;
}

bool transfer_is_plain(const Transfer *transfer) {
  const ClientRequest *request = transfer->request;
  bool get = strcmp(transfer->method, "GET") == 0, post = strcmp(transfer->method, "POST") == 0;
  return !request->stream && !request->memory_max && !request->insecure && !transfer->sources &&
         (post || (get && !transfer->has_body));
}

static bool set_body(Transfer *transfer) {
  CURL *easy = transfer->easy;
  const char *method = transfer->method;
  Str body = transfer->has_body ? transfer->request->body : (Str){ 0 };
  bool head = strcmp(method, "HEAD") == 0;
  if (transfer->has_body && transfer->sources) {
    if (!add_parts(transfer)) return false;
  } else if (posts(transfer)) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.len ? body.ptr : "");
  } else if (head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  bool known =
      strcmp(method, "POST") == 0 || (!transfer->has_body && (head || strcmp(method, "GET") == 0));
  return known || curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

// Options that all transfers share. A waiting transfer keeps its buffer, so it is small.
static bool tell_common(CURL *easy, const EasyOptions *options) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Else the loop would wait for the thread that looks a name up, 10 s and more, when its transfer ends. A lookup that
  // is left keeps its thread and its socket until the C library gives it up. Since libcurl 8.20.0: shard.c.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, sockets_open);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close);
  // These options copy or allocate, so they can fail.
  return curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ENCODING) == CURLE_OK &&
         (!options->proxy || curl_easy_setopt(easy, CURLOPT_USERAGENT, AGENT) == CURLE_OK) &&
         curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy ? options->proxy : "") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK &&
         (!options->ca_file ||
          curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) == CURLE_OK) &&
         curl_easy_setopt(easy, CURLOPT_SHARE, options->share) == CURLE_OK;
}

// A connection of its own, closed at its end: on a shared one libcurl does not cancel at the server, and
// buffers megabytes for a stream that waits. For the same reason nothing is decoded.
static bool tell_stream(CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  return curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK;
}

// The path and the query, as they stand in the URL.
static Str target_of(const Transfer *transfer) {
  Str target, fragment;
  str_cut(str_of(transfer->url + transfer->origin_len), '#', &target, &fragment);
  return target;
}

// A proxy is told the whole URL, a redirect is resolved against it, and "/a/../b" is left to libcurl.
static bool needs_whole_url(const Transfer *transfer, const EasyOptions *options) {
  Str path, query;
  str_cut(target_of(transfer), '?', &path, &query);
  return options->proxy || transfer->request->follow || str_find(path, STR("/.")) >= 0;
}

static CURLU *parse(const char *url) {
  const unsigned flags = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;  // libcurl's own
  CURLU *parsed = curl_url();
  if (parsed && curl_url_set(parsed, CURLUPART_URL, url, flags) == CURLUE_OK) return parsed;
  curl_url_cleanup(parsed);
  return NULL;
}

// Makes it the origin of the transfer; without memory, or if libcurl cannot parse it, no origin.
static void set_origin(Origin *origin, const Transfer *transfer) {
  Buf text;
  buf_init(&text);
  buf_add(&text, str_make(transfer->url, transfer->origin_len));
  buf_addc(&text, '/');
  origin_clear(origin);
  if (!text.failed) origin->parsed = parse(text.ptr);
  if (origin->parsed) origin->text = text;
  else buf_clear(&text);
}

void origin_clear(Origin *origin) {
  buf_clear(&origin->text);
  curl_url_cleanup(origin->parsed);
  origin->parsed = NULL;
}

static CURLU *parsed_origin(Origin *origin, const Transfer *transfer) {
  Str text = str_make(transfer->url, transfer->origin_len);
  bool same = origin->parsed && origin->text.len == text.len + 1 &&
              memcmp(origin->text.ptr, text.ptr, text.len) == 0;
  if (!same) set_origin(origin, transfer);
  return origin->parsed ? curl_url_dup(origin->parsed) : NULL;
}

// A target that libcurl is told is copied.
static bool tell_request_target(const Transfer *transfer) {
  Str target = target_of(transfer);
  Buf text;
  buf_init(&text);
  if (!str_starts(target, STR("/"))) buf_addc(&text, '/');
  buf_add(&text, target);
  bool told = !text.failed &&
              curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, text.ptr) == CURLE_OK;
  buf_clear(&text);
  return told;
}

// A URL that libcurl parses itself is put together again, through its printf, byte by byte, for each transfer: a tenth
// of what the transfer costs. It also gets a text, which it copies: the origin's, or the whole one, to refuse what
// cannot be parsed.
static bool tell_target(Transfer *transfer, const EasyOptions *options) {
  bool whole = needs_whole_url(transfer, options);
  const char *text = transfer->url;
  transfer->target = whole ? parse(transfer->url) : parsed_origin(options->origin, transfer);
  curl_easy_setopt(transfer->easy, CURLOPT_CURLU, transfer->target);
  if (whole || !transfer->target) curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, NULL);
  else if (!tell_request_target(transfer)) return false;
  else text = options->origin->text.ptr;
  return curl_easy_setopt(transfer->easy, CURLOPT_URL, text) == CURLE_OK;
}

// What a request that is not plain has besides.
static bool tell_kind(CURL *easy, const ClientRequest *request) {
  if (request->memory_max) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)CURL_MAX_WRITE_SIZE);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
  return !request->stream || tell_stream(easy);
}

// Every request is told these, whatever the one before was told.
static bool tell_each(Transfer *transfer, const EasyOptions *options) {
  CURL *easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->result->err.text);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, options->sockets);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, options->sockets);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, transfer->request->repeatable ? LONG_IDLE_S : IDLE_S);
  // Many requests share one HTTP/2 connection instead of opening one each; without TLS there is no HTTP/2.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, transfer_is_https(transfer) ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, options->fresh ? 1L : 0L);
  return tell_target(transfer, options) && set_body(transfer) && add_headers(transfer) &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, all_headers(transfer)) == CURLE_OK;
}

bool transfer_tell_easy(Transfer *transfer, const EasyOptions *options) {
  CURL *easy = transfer->easy;
  bool plain = transfer_is_plain(transfer);
  transfer->plain = plain;
  return (options->told || tell_common(easy, options)) && tell_each(transfer, options) &&
         (plain || tell_kind(easy, transfer->request));
}
