// A client that sends bytes as they are. Include after cmocka.h.
#ifndef WEMOON_TESTS_RAW_CLIENT_H
#define WEMOON_TESTS_RAW_CLIENT_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
  ANSWER_MAX = 64 * 1024,
  PATIENCE_MS = 8000,
  // A silent connection is surely accepted by then: the system holds it back for a second.
  ACCEPTED_AFTER_US = 1500 * 1000,
};

static inline int dial(int port) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static inline bool say(int fd, const char *text) {
  size_t len = strlen(text);
  return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

// One whole answer: its head, and the bytes that Content-Length promises. Its length, or -1 when it does not come
// whole.
static inline ssize_t hear(int fd, char *out, size_t size, bool head_only) {
  size_t len = 0;
  while (len < size - 1) {
    ssize_t n = recv(fd, out + len, size - 1 - len, 0);
    if (n <= 0) return -1;
    len += (size_t)n;
    out[len] = '\0';
    const char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
    if (!end) continue;
    size_t body = length && !head_only ? strtoul(length + 16, NULL, 10) : 0;
    if (len >= (size_t)(end + 4 - out) + body) return (ssize_t)len;
  }
  return -1;
}

static inline const char *ask_on(int fd, const char *request) {
  static char answer[ANSWER_MAX];
  answer[0] = '\0';
  assert_true(say(fd, request));
  if (hear(fd, answer, sizeof answer, strncmp(request, "HEAD", 4) == 0) < 0)
    fail_msg("no whole answer, only '%s'", answer);
  return answer;
}

static inline const char *ask(int port, const char *request) {
  int fd = dial(port);
  assert_true(fd >= 0);
  const char *answer = ask_on(fd, request);
  close(fd);
  return answer;
}

static inline void assert_starts(const char *text, const char *start) {
  if (strncmp(text, start, strlen(start)) != 0)
    fail_msg("'%s' does not begin with '%s'", text, start);
}

static inline bool ends_within(int fd, int ms) {
  char byte[512];
  struct pollfd wait = { .fd = fd, .events = POLLIN };
  int64_t end = clock_now_ms() + ms;
  for (int64_t left = ms; left > 0; left = end - clock_now_ms()) {
    if (poll(&wait, 1, (int)left) == 1 && recv(fd, byte, sizeof byte, 0) <= 0) return true;
  }
  return false;
}

#endif
