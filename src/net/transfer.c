// A transfer's beginning, which is a copy of the request, and how it fails.
#include "net/transfer.h"

#include "codec/url.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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
}

void transfer_release(Transfer *transfer) {
  curl_mime_free(transfer->mime);
  transfer->mime = NULL;
  curl_slist_free_all(transfer->headers);
  transfer->headers = NULL;
  close_parts(transfer);
}

// ---- how it fails -------------------------------------------------------------------------------

// libcurl's own words, unless they could quote an address with a secret in it.
static const char *details(const Transfer *transfer, CURLcode code) {
  const char *text = transfer->error;
  bool plain = text[0] && !strchr(text, '?') && !strstr(text, "://") && !strstr(text, "token");
  return plain ? text : curl_easy_strerror(code);
}

const char *transfer_place(Transfer *transfer) {
  Url url;
  char *place = transfer->place;
  if (!url_split(str_of(transfer->url), &url, NULL)) return "";
  if (url.port < 0) snprintf(place, sizeof transfer->place, "%.*s", STR_FMT(url.host));
  else snprintf(place, sizeof transfer->place, "%.*s:%d", STR_FMT(url.host), url.port);
  return place;
}

void transfer_fail(Transfer *transfer, CURLcode code) {
  ClientResult *result = &transfer->result;
  const char *place = transfer_place(transfer);
  result->outcome = CLIENT_NETWORK;
  if (transfer->no_memory || code == CURLE_OUT_OF_MEMORY) {
    err_set(&result->err, ERR_MEMORY, "%s: no memory for the answer", place);
  } else if (transfer->too_large) {
    result->outcome = CLIENT_TOO_LARGE;
    err_set(&result->err, ERR_TOO_LARGE, "%s: the answer is larger than %zu bytes", place,
            transfer->request.response_max);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    result->outcome = CLIENT_TIMEOUT;
    err_set(&result->err, ERR_TIMEOUT, "%s: no whole answer in time (%s)", place,
            details(transfer, code));
  } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
    err_set(&result->err, ERR_NETWORK,
            "%s: its certificate is not trusted: %s (ca_file names further authorities)", place,
            details(transfer, code));
  } else {
    err_set(&result->err, ERR_NETWORK, "%s: %s", place, details(transfer, code));
  }
}

// ---- the copy -----------------------------------------------------------------------------------

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

static const char *dup_or_null(Arena *arena, Str s) {
  return s.len ? arena_dup(arena, s).ptr : NULL;
}

static bool copy_headers(Transfer *transfer, const Pairs *headers, Err *err) {
  Pairs *copy = arena_calloc(transfer->arena, 1, sizeof(*copy));
  if (!copy) return err_set(err, ERR_MEMORY, "no memory for a request");
  for (const Pair *pair = headers->first; pair; pair = pair->next) {
    if (!is_token(pair->name) || has_line_break(pair->value))
      return err_set(err, ERR_USAGE,
                     "the header \"%.*s\" has a name or a value that no header may have",
                     STR_FMT(pair->name));
    Str name = arena_dup(transfer->arena, pair->name),
        value = arena_dup(transfer->arena, pair->value);
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
  if (source->fd < 0)
    return err_set(err, ERR_FAILED, "%.*s: %s", STR_FMT(from->filename), strerror(errno));
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
    if (has_line_break(type))
      return err_set(err, ERR_USAGE, "a part's content type has a line break in it");
  }
  return true;
}

static bool copy_url(Transfer *transfer, Str text, Err *err) {
  Url url;
  if (!url_split(text, &url, NULL) || url.host.len == 0 ||
      !(str_eq_nocase(url.scheme, STR("http")) || str_eq_nocase(url.scheme, STR("https"))))
    return err_set(err, ERR_USAGE, "a URL must begin with http:// or https:// and name a host");
  if (has_line_break(text) || memchr(text.ptr, ' ', text.len))
    return err_set(err, ERR_USAGE,
                   "a URL may hold neither blanks nor line breaks: encode them (%%20)");
  transfer->url = arena_dup(transfer->arena, text).ptr;
  return transfer->url ? true : err_set(err, ERR_MEMORY, "no memory for a request");
}

static bool copy_request(Transfer *transfer, const ClientRequest *request, Err *err) {
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

Transfer *transfer_new(const ClientRequest *request, Err *err) {
  Arena *arena = arena_new();
  Transfer *transfer = arena ? arena_calloc(arena, 1, sizeof *transfer) : NULL;
  if (!transfer) {
    arena_free(arena);
    err_set(err, ERR_MEMORY, "no memory for a request");
    return NULL;
  }
  transfer->arena = arena;
  transfer->result.fd = -1;
  buf_init(&transfer->body);
  if (copy_request(transfer, request, err)) return transfer;
  client_result_free(&transfer->result);
  return NULL;
}
