#include "net/bad_head.h"

#include <stdbool.h>
#include <stddef.h>

// The signature of version 2, except its fourth byte, where the head seems to end.
static bool is_proxy_v2(Str head) {
  return str_starts(head, STR("\r\n\r")) &&
         str_starts(str_sub(head, 4, head.len), STR("\0\r\nQUIT\n"));
}

static const char *other_protocol(Str head) {
  if (str_starts(head, STR("\x16")))
    return "it speaks HTTPS, and this is a port for HTTP: end HTTPS in a proxy";
  if (str_starts(head, STR("PRI"))) return "it speaks HTTP/2; only HTTP/1.1 is understood";
  if (str_starts(head, STR("PROXY")) || is_proxy_v2(head))
    return "it speaks the PROXY protocol: have the proxy send X-Forwarded-For";
  return NULL;
}

static bool ends_line(char c) { return c == '\r' || c == '\n' || c == '\x01'; }

// The first line without its end; cuts one empty line in front of it, which a server is to pass over
// (RFC 9112, 2.2).
static Str first_line(Str head) {
  size_t from = str_starts(head, STR("\r\n")) ? 2 : str_starts(head, STR("\n")) ? 1 : 0;
  size_t end = from;
  while (end < head.len && !ends_line(head.ptr[end])) end++;
  return str_sub(head, from, end - from);
}

static bool parts(char c) { return c == ' ' || c == '\0'; }

static Str take_word(Str *line) {
  size_t end = 0;
  while (end < line->len && !parts(line->ptr[end])) end++;
  Str word = str_sub(*line, 0, end);
  while (end < line->len && parts(line->ptr[end])) end++;
  *line = str_sub(*line, end, line->len);
  return word;
}

static bool is_method(Str word) {
  static const Str methods[] = { STR("GET"),     STR("HEAD"),   STR("POST"),
                                 STR("PUT"),     STR("DELETE"), STR("CONNECT"),
                                 STR("OPTIONS"), STR("TRACE"),  STR("PATCH") };
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    if (str_eq(word, methods[i])) return true;
  }
  return false;
}

static bool is_printable(Str word) {
  for (size_t i = 0; i < word.len; i++) {
    if (word.ptr[i] <= ' ' || word.ptr[i] > '~') return false;
  }
  return word.len > 0;
}

// FastCGI, uwsgi, AJP and others begin so.
static bool is_binary(Str head) {
  return head.len && (unsigned char)head.ptr[0] < ' ' && head.ptr[0] != '\r' && head.ptr[0] != '\n';
}

const char *bad_head_reason(Str head) {
  const char *other = other_protocol(head);
  if (other) return other;
  if (is_binary(head)) return "it is no HTTP: it begins with a control character";
  Str line = first_line(head);
  if (line.len == 0) return "it begins with empty lines; one is passed over, no more";
  Str method = take_word(&line), target = take_word(&line);
  if (!is_printable(method)) return "it is no HTTP: its first line has no method";
  if (!is_method(method)) return "its method is unknown";
  if (!is_printable(target))
    return "its first line is malformed: there is no target, or it has bytes that no URL has";
  if (!str_starts(line, STR("HTTP/")))
    return "its first line is malformed: it does not end with HTTP/1.1";
  return "a line of its head is malformed: a header without a name, a continued line, a control "
         "character, or a "
         "target that does not begin with /";
}
