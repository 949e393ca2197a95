// One walk over the headers, then the rules.
#include "net/head.h"

#include <string.h>

typedef struct {
  const HeadLines *lines;
  Head head;
  int hosts, lengths, codings;
  bool says_close, says_keep;
  Str host, coding, connection, upgrade;  // the first of each
} Reader;

static bool is_digits(Str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  }
  return text.len > 0;
}

static void keep_first(Str *first, Str value) {
  if (!first->ptr) *first = value;
}

// "keep-alive, close", "Upgrade, HTTP2-Settings", "TE".
static void note_connection(Reader *r, Str value) {
  Str token;
  keep_first(&r->connection, value);
  do {
    str_cut(value, ',', &token, &value);
    token = str_trim(token);
    if (str_eq_nocase(token, STR("close"))) r->says_close = true;
    if (str_eq_nocase(token, STR("keep-alive"))) r->says_keep = true;
  } while (value.len > 0);
}

static void note_length(Reader *r, Str value) {
  r->lengths++;
  if (!is_digits(value) || !str_to_int64(value, &r->head.body_len)) r->lengths = 100;
}

// Compares lengths first: it runs for every header of every request.
static void note(Reader *r, Str name, Str value) {
  switch (name.len) {
    case 4:
      if (!str_eq_nocase(name, STR("Host"))) break;
      r->hosts++;
      r->host = value;
      break;
    case 6:
      if (str_eq_nocase(name, STR("Expect")))
        r->head.expects = str_eq_nocase(value, STR("100-continue"));
      break;
    case 7:
      if (str_eq_nocase(name, STR("Upgrade"))) keep_first(&r->upgrade, value);
      break;
    case 10:
      if (str_eq_nocase(name, STR("Connection"))) note_connection(r, value);
      break;
    case 14:
      if (str_eq_nocase(name, STR("Content-Length"))) note_length(r, value);
      break;
    case 17:
      if (!str_eq_nocase(name, STR("Transfer-Encoding"))) break;
      r->codings++;
      r->coding = value;
      break;
  }
}

// Whether the target is a whole URL with another host than the Host header.
static bool is_for_another(const Reader *r) {
  if (r->lines->target[0] == '/' || r->hosts == 0) return false;
  Str target = str_of(r->lines->target), authority, path;
  ptrdiff_t at = str_find(target, STR("://"));
  if (at < 0) return false;
  str_cut(str_sub(target, (size_t)at + 3, target.len), '/', &authority, &path);
  return !str_eq_nocase(authority, str_trim(r->host));
}

static const char *find_fault(const Reader *r) {
  bool is_1_1 = strcmp(r->lines->version, "1.1") == 0;
  if (r->hosts > 1) return "it has more than one Host header";
  if (r->hosts == 0 && is_1_1) return "it is HTTP/1.1 and has no Host header";
  if (r->lengths >= 100) return "its Content-Length is no number";
  if (r->lengths > 1) return "it has more than one Content-Length";
  if (r->codings > 0 && r->lengths > 0)
    return "it has both a Content-Length and a Transfer-Encoding";
  if (r->codings > 1 || (r->codings && !str_eq_nocase(r->coding, STR("chunked"))))
    return "its Transfer-Encoding is something else than chunked";
  if (r->codings && !is_1_1) return "it is HTTP/1.0 and has a Transfer-Encoding";
  if (is_for_another(r)) return "its target is a whole URL of another host than its Host header's";
  return NULL;
}

// `part` begins with a lower-case letter.
static bool contains_nocase(Str text, Str part) {
  for (size_t i = 0; i + part.len <= text.len; i++) {
    if ((text.ptr[i] | 0x20) == part.ptr[0] && str_eq_nocase(str_sub(text, i, part.len), part))
      return true;
  }
  return false;
}

// Decides as libcivetweb does, which does not keep such a connection.
static bool asks_for_upgrade(const Reader *r) {
  return contains_nocase(r->connection, STR("upgrade")) &&
         (contains_nocase(r->upgrade, STR("websocket")) || !contains_nocase(r->upgrade, STR("h2")));
}

Head head_read(const HeadLines *lines) {
  Reader r = { .lines = lines, .head = { .body_len = -1 } };
  for (size_t i = 0; i < lines->header_count; i++)
    note(&r, lines->headers[i].name, lines->headers[i].value);
  r.head.fault = find_fault(&r);
  r.head.status = r.head.fault ? 400 : 0;
  r.head.chunked = r.codings > 0;
  r.head.keeps = !r.says_close && (r.says_keep || strcmp(lines->version, "1.1") == 0);
  r.head.keeps_unasked = r.head.keeps && r.connection.len > 0 && !r.says_keep;
  r.head.upgrades = r.connection.len > 0 && asks_for_upgrade(&r);
  return r.head;
}
