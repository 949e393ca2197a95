// Begins transfers, follows redirects, and reports failures.
#include "net/transfer.h"

#include "codec/url.h"
#include "net/answer_bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REDIRECTS_MAX = 10 };

void client_result_free(ClientResult *result) {
  if (!result) return;
  if (result->fd >= 0) close(result->fd);
  buf_clear(&result->bytes);
  answer_bytes_hold(&result->counted, 0);
  arena_free(result->arena);
  free(result);
}

void transfer_list_add(TransferList *list, Transfer *transfer) {
  transfer->list = list;
  transfer->next = NULL;
  transfer->prev = list->last;
  if (list->last) list->last->next = transfer;
  else list->first = transfer;
  list->last = transfer;
}

void transfer_list_remove(Transfer *transfer) {
  TransferList *list = transfer->list;
  if (!list) return;
  if (transfer->prev) transfer->prev->next = transfer->next;
  else list->first = transfer->next;
  if (transfer->next) transfer->next->prev = transfer->prev;
  else list->last = transfer->prev;
  transfer->prev = transfer->next = NULL;
  transfer->list = NULL;
}

void transfer_list_move(TransferList *from, TransferList *to) {
  for (Transfer *transfer; (transfer = from->first);) {
    transfer_list_remove(transfer);
    transfer_list_add(to, transfer);
  }
}

void transfer_end_leg(Transfer *transfer) {
  curl_mime_free(transfer->mime);
  transfer->mime = NULL;
  if (transfer->headers_end) transfer->headers_end->next = NULL;
  curl_slist_free_all(transfer->headers);
  transfer->headers = transfer->headers_end = NULL;
  curl_url_cleanup(transfer->target);
  transfer->target = NULL;
}

void transfer_free(Transfer *transfer) {
  if (!transfer) return;
  transfer_end_leg(transfer);
  free(transfer->location);
  free(transfer->sources);
  free(transfer);
}

// ---- how it fails -------------------------------------------------------------------------------

// libcurl's own error text, unless it might quote a URL with a secret; copied, because the error will take its place.
static const char *details(const Transfer *transfer, CURLcode code, char text[CURL_ERROR_SIZE]) {
  snprintf(text, CURL_ERROR_SIZE, "%.*s", CURL_ERROR_SIZE - 1, transfer->result->err.text);
  if (code == CURLE_ABORTED_BY_CALLBACK) return "the connection was closed before an answer came";
  bool plain = text[0] && !strchr(text, '?') && !strstr(text, "://") && !strstr(text, "token");
  return plain ? text : curl_easy_strerror(code);
}

const char *transfer_place(const Transfer *transfer, char out[URL_PLACE_SIZE]) {
  return url_place(str_of(transfer->url), out);
}

// libcurl has one code for a system without memory and for a text longer than it takes.
static void fail_without_memory(const Transfer *transfer, const char *place) {
  ClientResult *result = transfer->result;
  bool may_have_arrived = transfer->sent && !transfer->request->repeatable;
  if (may_have_arrived) result->outcome = CLIENT_UNKNOWN;
  err_set(&result->err, ERR_MEMORY,
          "%s: no memory for the answer, or one line of its head, or the address, is too long",
          place);
}

void transfer_fail(Transfer *transfer, CURLcode code) {
  ClientResult *result = transfer->result;
  char buffer[URL_PLACE_SIZE];
  char words[CURL_ERROR_SIZE];
  const char *place = transfer_place(transfer, buffer), *why = details(transfer, code, words);
  // libcurl's words may name the query, and it may have more of them once the handle is removed.
  if (transfer->easy) curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL);
  result->outcome = CLIENT_NETWORK;
  if (transfer->no_memory || code == CURLE_OUT_OF_MEMORY) {
    fail_without_memory(transfer, place);
  } else if (transfer->too_large) {
    result->outcome = CLIENT_TOO_LARGE;
    err_set(&result->err, ERR_TOO_LARGE, "%s: the answer is larger than %zu bytes", place,
            transfer->request->response_max);
  } else if (transfer->too_many) {
    result->outcome = CLIENT_TOO_LARGE;
    err_set(&result->err, ERR_TOO_LARGE,
            "%s: the answers that are held at once are larger than %d MB together", place,
            ANSWER_BYTES_MAX >> 20);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    result->outcome = CLIENT_TIMEOUT;
    err_set(&result->err, ERR_TIMEOUT, "%s: no connection was made in time (%s)", place, why);
  } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
    err_set(&result->err, ERR_NETWORK,
            "%s: its certificate is not trusted: %s (add the authority with ca_file)", place, why);
  } else if (transfer->announced) {
    err_set(&result->err, ERR_NETWORK, "%s: the answer ended early (%s)", place, why);
  } else if (transfer->sent && !transfer->request->repeatable) {
    result->outcome = CLIENT_UNKNOWN;
    err_set(&result->err, ERR_NETWORK,
            "%s: the connection broke once sending had begun, so whether the request arrived is "
            "not known (%s)",
            place, why);
  } else {
    err_set(&result->err, ERR_NETWORK, "%s: %s", place, why);
  }
}

void transfer_cancel(Transfer *transfer) {
  char place[URL_PLACE_SIZE];
  transfer->result->outcome = CLIENT_CANCELLED;
  err_set(&transfer->result->err, ERR_FAILED, "%s: the request was cancelled",
          transfer_place(transfer, place));
}

static const char *how_far(const Transfer *transfer) {
  const ClientResult *result = transfer->result;
  return result->size                                  ? "a part of the answer's body came"
         : transfer->head_began || transfer->announced ? "only the answer's head came"
         : transfer->sent                              ? "connected, but no answer came"
                                                       : "no connection was made";
}

void transfer_expire(Transfer *transfer) {
  ClientResult *result = transfer->result;
  char place[URL_PLACE_SIZE];
  result->outcome = CLIENT_TIMEOUT;
  err_set(&result->err, ERR_TIMEOUT, "%s: no whole answer within %g s (%s)",
          transfer_place(transfer, place), (double)transfer->request->timeout_ms / 1000,
          how_far(transfer));
}

void transfer_expire_idle(Transfer *transfer) {
  char place[URL_PLACE_SIZE];
  transfer->result->outcome = CLIENT_TIMEOUT;
  err_set(&transfer->result->err, ERR_TIMEOUT, "%s: no byte was received for %g s (%s)",
          transfer_place(transfer, place), (double)transfer->request->stream->idle_ms / 1000,
          how_far(transfer));
}

// ---- what can be sent ---------------------------------------------------------------------------

static bool has_line_break(Str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == 0) return true;
  }
  return false;
}

static bool is_token(Str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (!isalnum((unsigned char)s.ptr[i]) && !memchr("!#$%&'*+-.^_`|~", s.ptr[i], 15)) return false;
  }
  return s.len > 0;
}

// Gives the length of the part before the path.
static bool check_url(Str text, size_t *origin_len, Err *err) {
  Url url;
  Err why = { 0 };
  if (!url_split_http(text, &url, &why)) return err_set(err, ERR_USAGE, "%s", why.text);
  *origin_len = (size_t)(url.path.ptr - text.ptr);
  return true;
}

static bool check_headers(const Pairs *headers, Err *err) {
  for (const Pair *pair = headers ? headers->first : NULL; pair; pair = pair->next) {
    if (!is_token(pair->name) || has_line_break(pair->value))
      return err_set(
          err, ERR_USAGE,
          "the header \"%.*s\" has a character that HTTP does not allow in its name or value",
          STR_FMT(pair->name));
  }
  return true;
}

static bool check_part(const ClientPart *part, Err *err) {
  if (memchr(part->name.ptr, 0, part->name.len))
    return err_set(err, ERR_USAGE, "a part's name has a NUL in it");
  if (part->filename.len && memchr(part->filename.ptr, 0, part->filename.len))
    return err_set(err, ERR_USAGE, "%.*s: the file name has a NUL in it", STR_FMT(part->name));
  if (has_line_break(part->content_type))
    return err_set(err, ERR_USAGE, "%.*s: the content type has a line break in it",
                   STR_FMT(part->name));
  return true;
}

static bool open_source(Source *source, const ClientPart *part, Err *err) {
  source->part = part;
  source->size = (off_t)part->data.len;
  if (part->fd < 0) return true;
  struct stat info;
  if (fstat(part->fd, &info) != 0 || !S_ISREG(info.st_mode))
    return err_set(err, ERR_USAGE, "%.*s: not a regular file, so its length is not known",
                   STR_FMT(part->filename));
  source->start = lseek(part->fd, 0, SEEK_CUR);
  source->size = info.st_size > source->start ? info.st_size - source->start : 0;
  return true;
}

static bool open_sources(Transfer *transfer, const ClientPart *parts, Err *err) {
  size_t count = 0, i = 0;
  for (const ClientPart *part = parts; part; part = part->next) count++;
  if (count && !(transfer->sources = calloc(count, sizeof *transfer->sources)))
    return err_set(err, ERR_MEMORY, "no memory for a request");
  for (const ClientPart *part = parts; part; part = part->next) {
    if (!check_part(part, err) || !open_source(&transfer->sources[i++], part, err)) return false;
  }
  return true;
}

static bool check_request(const ClientRequest *request, size_t *origin_len, Err *err) {
  if (!is_token(request->method))
    return err_set(err, ERR_USAGE, "\"%.*s\" is not an HTTP method", STR_FMT(request->method));
  if (request->timeout_ms <= 0 && request->timeout_ms != CLIENT_NO_TIMEOUT)
    return err_set(err, ERR_USAGE, "a time-out must be positive");
  return check_url(request->url, origin_len, err) && check_headers(request->headers, err);
}

Transfer *transfer_new(const ClientRequest *request, Err *err) {
  size_t origin_len;
  if (!check_request(request, &origin_len, err)) return NULL;
  Transfer *transfer = calloc(1, sizeof *transfer);
  ClientResult *result = transfer ? calloc(1, sizeof *result) : NULL;
  if (!result) {
    transfer_free(transfer);
    err_set(err, ERR_MEMORY, "no memory for a request");
    return NULL;
  }
  result->fd = -1;
  buf_init(&result->bytes);
  transfer->result = result;
  transfer->request = request;
  transfer->url = request->url.ptr;
  transfer->origin_len = origin_len;
  transfer->method = request->method.ptr;
  transfer->has_body = request->has_body || request->parts;
  if (open_sources(transfer, request->parts, err)) return transfer;
  client_result_free(result);
  transfer_free(transfer);
  return NULL;
}

bool transfer_is_https(const Transfer *transfer) {
  return strncasecmp(transfer->url, "https", 5) == 0;
}

// ---- redirects ----------------------------------------------------------------------------------

static int port_of(const Url *url) {
  if (url->port >= 0) return url->port;
  return str_eq_nocase(url->scheme, STR("https")) ? 443 : 80;
}

static bool same_origin(const char *a, const char *b) {
  Url x, y;
  return url_split(str_of(a), &x, NULL) && url_split(str_of(b), &y, NULL) &&
         str_eq_nocase(x.scheme, y.scheme) && str_eq_nocase(x.host, y.host) &&
         port_of(&x) == port_of(&y);
}

// As browsers do (WHATWG Fetch, "HTTP-redirect fetch").
static void change_method(Transfer *transfer, int status) {
  bool post = strcmp(transfer->method, "POST") == 0, head = strcmp(transfer->method, "HEAD") == 0;
  bool becomes_get = status == 303 ? !head : post && (status == 301 || status == 302);
  if (!becomes_get) return;
  transfer->method = "GET";
  transfer->has_body = false;
}

static bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static CURLcode refuse(Transfer *transfer, CURLcode code, const char *why) {
  snprintf(transfer->result->err.text, CURL_ERROR_SIZE, "%s", why);
  return code;
}

bool transfer_redirect(Transfer *transfer, const char *location, CURLcode *code) {
  ClientResult *result = transfer->result;
  if (!transfer->request->follow || !is_redirect(result->status) || !location) return false;
  if (transfer->redirects++ == REDIRECTS_MAX)
    return *code = refuse(transfer, CURLE_TOO_MANY_REDIRECTS, "more than 10 redirects"), false;
  size_t origin_len;
  if (!check_url(str_of(location), &origin_len, NULL))
    return *code = refuse(transfer, CURLE_UNSUPPORTED_PROTOCOL,
                          "the answer redirects to an address that is neither http nor https"),
           false;
  char *copy = strdup(location);
  if (!copy) return *code = CURLE_OUT_OF_MEMORY, false;
  if (!same_origin(transfer->url, copy)) transfer->elsewhere = true;
  free(transfer->location);
  transfer->url = transfer->location = copy;
  transfer->origin_len = origin_len;
  change_method(transfer, result->status);
  transfer->sent = 0;
  transfer->head_ended = false;
  buf_clear(&result->bytes);
  answer_bytes_hold(&result->counted, 0);
  if (result->fd >= 0) close(result->fd);
  result->fd = -1;
  result->size = 0;
  return true;
}
