// Any bytes in the place of a head: one that is called plain has the framing that a slow reading of its lines finds.
#include <stdlib.h>
#include <string.h>

#include "net/plain_head.h"

static void must(bool holds) {
  if (!holds) abort();
}

// Returns how many lines the head has, its blank one included. The first blank line ends it, and no line end is bare.
static size_t lines_of(const char *head, size_t len) {
  size_t lines = 0, line = 0;
  for (size_t i = 0; i < len; i++) {
    must(head[i] == '\t' || head[i] == '\r' || head[i] == '\n' ||
         (head[i] >= ' ' && head[i] < 127));
    must(head[i] != '\r' || (i + 1 < len && head[i + 1] == '\n'));
    if (head[i] != '\n') continue;
    must(i > 0 && head[i - 1] == '\r' && (i - line > 1 || i + 1 == len));
    line = i + 1;
    lines++;
  }
  must(line == len);
  return lines;
}

static void must_be_framed(const PlainHead *head) {
  size_t lengths = 0;
  for (size_t i = 0; i < head->header_count; i++) {
    Str name = head->headers[i].name, value = head->headers[i].value;
    must(name.len > 0 && name.ptr[name.len] == '\0' && value.ptr[value.len] == '\0');
    must(strcspn(name.ptr, " \t:") == name.len && strlen(value.ptr) == value.len);
    must(!str_eq_nocase(name, STR("Transfer-Encoding")) && !str_eq_nocase(name, STR("Expect")) &&
         !str_eq_nocase(name, STR("Upgrade")));
    if (!str_eq_nocase(name, STR("Content-Length"))) continue;
    lengths++;
    must(value.len > 0 && strspn(value.ptr, "0123456789") == value.len);
    must(strtoull(value.ptr, NULL, 10) == head->body_len);
  }
  must(lengths == 1 || (lengths == 0 && head->body_len == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static PlainHead head;
  const char *bytes = (const char *)data;
  if (!plain_head_read(str_make(bytes, size), &head)) return 0;
  must(head.len <= size && head.len <= PLAIN_HEAD_MAX);
  must(strcmp(head.method, "GET") == 0 || strcmp(head.method, "POST") == 0);
  must(head.path[0] == '/' && !strpbrk(head.path, " ?"));
  must(lines_of(bytes, head.len) == head.header_count + 2);
  must_be_framed(&head);
  return 0;
}
