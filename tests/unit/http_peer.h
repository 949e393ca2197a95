// An HTTP server of the test's own that does exactly what a handler says, bad manners included. One thread a
// connection.
#ifndef WEMOON_TESTS_HTTP_PEER_H
#define WEMOON_TESTS_HTTP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
  char head[16384];  // request line and headers
  char method[16], target[4096];
  char *body;  // NUL-terminated
  size_t body_len;
  int fd;  // where the answer goes, raw
} PeerRequest;

// False: the connection is closed.
typedef bool (*PeerFn)(void *ctx, const PeerRequest *request);

typedef struct {
  int listener, port;
  PeerFn fn;
  void *ctx;
  pthread_t thread;
  atomic_int connections, requests, open;
  atomic_bool stopping;
} Peer;

typedef struct {
  Peer *peer;
  int fd;
} PeerLink;

static bool peer_write(int fd, const void *bytes, size_t len) {
  for (const char *at = bytes; len;) {
    ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
    if (n <= 0) return false;
    at += n;
    len -= (size_t)n;
  }
  return true;
}

// A whole answer with Content-Length.
__attribute__((unused)) static bool peer_answer(int fd, int status, const char *type,
                                                const void *body, size_t len) {
  char head[300];
  int n = snprintf(head, sizeof(head),
                   "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type,
                   len);
  return peer_write(fd, head, (size_t)n) && peer_write(fd, body, len);
}

__attribute__((unused)) static bool peer_json(int fd, const char *json) {
  return peer_answer(fd, 200, "text/plain", json, strlen(json));
}

__attribute__((unused)) static bool peer_raw(int fd, const char *text) {
  return peer_write(fd, text, strlen(text));
}

static bool peer_read_head(int fd, PeerRequest *request, size_t *extra) {
  size_t len = 0;
  char *end;
  for (;;) {
    ssize_t n = recv(fd, request->head + len, sizeof(request->head) - 1 - len, 0);
    if (n <= 0) return false;
    len += (size_t)n;
    request->head[len] = 0;
    if ((end = strstr(request->head, "\r\n\r\n"))) break;
  }
  *extra = len - (size_t)(end + 4 - request->head);
  return sscanf(request->head, "%15s %4095s", request->method, request->target) == 2;
}

static bool peer_read(int fd, PeerRequest *request) {
  size_t extra;
  request->fd = fd;
  if (!peer_read_head(fd, request, &extra)) return false;
  char *end = strstr(request->head, "\r\n\r\n") + 4,
       *field = strcasestr(request->head, "\r\nContent-Length:");
  request->body_len = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
  request->body = malloc(request->body_len + 1);
  memcpy(request->body, end, extra < request->body_len ? extra : request->body_len);
  *end = 0;
  for (size_t have = extra; have < request->body_len;) {
    ssize_t n = recv(fd, request->body + have, request->body_len - have, 0);
    if (n <= 0) return false;
    have += (size_t)n;
  }
  request->body[request->body_len] = 0;
  return true;
}

static void *peer_serve(void *arg) {
  PeerLink *link = arg;
  Peer *peer = link->peer;
  PeerRequest *request = calloc(1, sizeof(*request));
  bool goes_on = true;
  while (goes_on && peer_read(link->fd, request)) {
    atomic_fetch_add(&peer->requests, 1);
    goes_on = peer->fn(peer->ctx, request);
    free(request->body);
    request->body = NULL;
  }
  free(request->body);
  free(request);
  close(link->fd);
  free(link);
  atomic_fetch_sub(&peer->open, 1);
  return NULL;
}

static void *peer_accept(void *arg) {
  Peer *peer = arg;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 256 * 1024);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  for (int fd; (fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
    if (atomic_load(&peer->stopping)) {
      close(fd);
      break;
    }
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    atomic_fetch_add(&peer->connections, 1);
    atomic_fetch_add(&peer->open, 1);
    PeerLink *link = malloc(sizeof(*link));
    *link = (PeerLink){ peer, fd };
    pthread_t thread;
    if (pthread_create(&thread, &attr, peer_serve, link) != 0) abort();
  }
  pthread_attr_destroy(&attr);
  return NULL;
}

static void peer_start(Peer *peer, PeerFn fn, void *ctx) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  memset(peer, 0, sizeof(*peer));
  peer->fn = fn;
  peer->ctx = ctx;
  peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof(address);
  if (bind(peer->listener, (struct sockaddr *)&address, len) != 0 ||
      listen(peer->listener, 4096) != 0)
    abort();
  getsockname(peer->listener, (struct sockaddr *)&address, &len);
  peer->port = ntohs(address.sin_port);
  pthread_create(&peer->thread, NULL, peer_accept, peer);
}

// The clients must have closed their connections, or close them now.
static void peer_stop(Peer *peer) {
  atomic_store(&peer->stopping, true);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)peer->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) abort();
  pthread_join(peer->thread, NULL);
  close(fd);
  close(peer->listener);
  for (int i = 0; i < 1000 && atomic_load(&peer->open); i++) usleep(10000);
}

#endif
