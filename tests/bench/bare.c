// The measure of what a civetweb handler costs when it does nothing: it reads the body and writes a fixed answer, with
// the options and the one write that serve civetweb best. bare PORT THREADS ANSWER-BYTES
#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char answer[4096];
static int answer_len;

static int on_request(struct mg_connection *conn) {
  char body[8192];
  while (mg_read(conn, body, sizeof body) > 0) {
  }
  mg_write(conn, answer, (size_t)answer_len);
  return 200;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int size = atoi(argv[3]);
  char listen[64];
  snprintf(listen, sizeof listen, "127.0.0.1:%s", argv[1]);
  answer_len = snprintf(
      answer, sizeof answer,
      "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%0*d", size, size, 0);
  const char *options[] = {
    "listening_ports",
    listen,
    "num_threads",
    argv[2],
    "request_timeout_ms",
    "5000",
    "keep_alive_timeout_ms",
    "1000",
    "enable_keep_alive",
    "yes",
    "tcp_nodelay",
    "1",
    "listen_backlog",
    "4096",
    "connection_queue",
    "1024",
    "decode_url",
    "no",
    NULL,
  };
  struct mg_callbacks callbacks = { .begin_request = on_request };
  mg_init_library(0);
  if (!mg_start(&callbacks, NULL, options)) return 1;
  pause();
  return 0;
}
