// Any headers: a body's end is believed only where it is told once.
#include <stdlib.h>
#include <string.h>

#include "net/head.h"

enum { HEADERS_MAX = 64 };

static void must(bool holds) {
  if (!holds) abort();
}

static size_t named(const Pair *headers, size_t count, Str name) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += str_eq_nocase(headers[i].name, name);
  return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str rest = str_make((const char *)data, size), line, target;
  char path[64];
  Pair headers[HEADERS_MAX];
  size_t count = 0;
  str_cut(rest, '\n', &target, &rest);
  size_t len = target.len < sizeof path - 1 ? target.len : sizeof path - 1;
  if (len) memcpy(path, target.ptr, len);
  path[len] = '\0';
  for (; rest.len && count < HEADERS_MAX; count++) {
    str_cut(rest, '\n', &line, &rest);
    str_cut(line, ':', &headers[count].name, &headers[count].value);
  }
  Head head = head_read(&(HeadLines){ .method = "POST",
                                      .target = path,
                                      .version = size % 2 ? "1.1" : "1.0",
                                      .headers = headers,
                                      .header_count = count });
  size_t lengths = named(headers, count, STR("Content-Length"));
  size_t codings = named(headers, count, STR("Transfer-Encoding"));
  must((head.status != 0) == (head.fault != NULL));
  if (lengths + codings > 1 || named(headers, count, STR("Host")) > 1) must(head.status == 400);
  if (head.status == 0)
    must((head.body_len >= 0) == (lengths == 1) && head.chunked == (codings == 1));
  return 0;
}
