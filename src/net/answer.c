// One buffer for head and body, so that they leave in one write.
#include "net/answer.h"

#include <stdio.h>

#include "net/status.h"

const Str answer_closes = STR("Connection: close\r\n");

bool answer_has_body(int status) { return status != 204 && status != 304; }

static void add_status(Buf *out, int status) {
  if (status == 200) buf_add(out, STR("HTTP/1.1 200 OK"));  // nearly always
  else buf_printf(out, "HTTP/1.1 %d %s", status, status_reason(status));
}

void answer_add_head(Buf *out, const HttpResponse *response, Str connection, bool streamed) {
  Str type = response->content_type.len ? response->content_type : STR("text/plain; charset=utf-8");
  add_status(out, response->status);
  if (answer_has_body(response->status)) {
    buf_add(out, STR("\r\nContent-Type: "));
    buf_add(out, type);
    if (!streamed) {
      buf_add(out, STR("\r\nContent-Length: "));
      buf_add_int(out, (int64_t)response->body.len);
    }
  }
  buf_add(out, STR("\r\nX-Content-Type-Options: nosniff\r\n"));
  if (response->extra_headers) buf_add(out, str_of(response->extra_headers));
  buf_add(out, connection);
  buf_add(out, STR("\r\n"));
}

void answer_add_last(Buf *out, const HttpResponse *response, bool head_only) {
  answer_add_head(out, response, answer_closes, false);
  if (answer_has_body(response->status) && !head_only) buf_add(out, response->body);
}

Str answer_status(int status, char body[ANSWER_STATUS_MAX]) {
  int len = snprintf(body, ANSWER_STATUS_MAX, "%d %s\n", status, status_reason(status));
  return str_make(body, (size_t)len);
}
