// A table of the events to watch per socket, and the epoll set, which is updated as late as possible: a
// socket without a transfer stays in the set until an event occurs on it, or it is closed. libcurl silently closes
// some (if a connection fails), and the kernel removes those by itself.
#include "net/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { EVENTS_AT_ONCE = 64 };

typedef struct {
  unsigned char wanted;  // CURL_POLL_IN, CURL_POLL_OUT, both; 0: nothing
  unsigned char told;    // what the kernel was told last
  bool known;            // it was put into the set, and may be there still
  bool opened;           // by sockets_open, and not known to be another by now
} Entry;

struct Sockets {
  int set;
  uv_poll_t poll;
  SocketsReady ready;
  void *ctx;
  void (*gone)(void *ctx);
  Entry *entries;  // by descriptor
  int count;
  size_t open;
};

static uint32_t events_of(int wanted) {
  return (wanted & CURL_POLL_IN ? EPOLLIN : 0) | (wanted & CURL_POLL_OUT ? EPOLLOUT : 0);
}

static int tell_kernel(Sockets *sockets, int operation, int fd) {
  struct epoll_event event = { .events = events_of(sockets->entries[fd].wanted), .data.fd = fd };
  return epoll_ctl(sockets->set, operation, fd, &event);
}

static bool make_room(Sockets *sockets, int fd) {
  if (fd < sockets->count) return true;
  int count = fd + fd / 2 + 64;
  Entry *entries = realloc(sockets->entries, (size_t)count * sizeof *entries);
  if (!entries) return false;
  memset(entries + sockets->count, 0, (size_t)(count - sockets->count) * sizeof *entries);
  sockets->entries = entries;
  sockets->count = count;
  return true;
}

// Whether it is in the set for reading. libcurl closes a socket silently only before it is connected, when it does not
// wait to read from it.
static bool is_read_already(const Entry *entry) {
  return entry->opened && entry->known && entry->told == CURL_POLL_IN &&
         entry->wanted == CURL_POLL_IN;
}

// A known number may be a new socket by now, which must be added again.
static bool follow(Sockets *sockets, int fd) {
  Entry *entry = &sockets->entries[fd];
  if (is_read_already(entry)) return true;
  entry->told = entry->wanted;
  if (entry->known && tell_kernel(sockets, EPOLL_CTL_MOD, fd) == 0) return true;
  if (entry->known) entry->opened = false;  // that one is closed
  entry->known = tell_kernel(sockets, EPOLL_CTL_ADD, fd) == 0 ||
                 (errno == EEXIST && tell_kernel(sockets, EPOLL_CTL_MOD, fd) == 0);
  return entry->known;
}

bool sockets_watch(Sockets *sockets, int fd, int what) {
  if (!make_room(sockets, fd)) return false;
  int wanted = what & CURL_POLL_INOUT;  // CURL_POLL_REMOVE means neither
  if (sockets->entries[fd].wanted == wanted) return true;
  sockets->entries[fd].wanted = (unsigned char)wanted;
  return wanted == 0 || follow(sockets, fd);
}

static void drop(Sockets *sockets, int fd) {
  if (sockets->entries[fd].known) tell_kernel(sockets, EPOLL_CTL_DEL, fd);
  sockets->entries[fd] = (Entry){ 0 };
}

curl_socket_t sockets_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
  Sockets *sockets = ctx;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  if (!make_room(sockets, fd)) return close(fd), CURL_SOCKET_BAD;
  sockets->entries[fd] = (Entry){ .opened = true };
  sockets->open++;
  return fd;
}

int sockets_close(void *ctx, curl_socket_t fd) {
  Sockets *sockets = ctx;
  if (fd < sockets->count) drop(sockets, fd);
  if (sockets->open) sockets->open--;
  return close(fd);
}

size_t sockets_count(const Sockets *sockets) { return sockets->open; }

void sockets_forget(Sockets *sockets) {
  for (int fd = 0; fd < sockets->count; fd++) drop(sockets, fd);
}

// The next read or write finds an error or the peer's end.
static void tell(Sockets *sockets, const struct epoll_event *event) {
  int fd = event->data.fd;
  uint32_t wanted = events_of(sockets->entries[fd].wanted);
  uint32_t ready = event->events & (EPOLLERR | EPOLLHUP) ? wanted : event->events & wanted;
  if (!wanted) drop(sockets, fd);
  if (ready)
    sockets->ready(sockets->ctx, fd,
                   (ready & EPOLLIN ? CURL_CSELECT_IN : 0) |
                       (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0));
}

static void on_ready(uv_poll_t *poll, int status, int ready) {
  Sockets *sockets = poll->data;
  struct epoll_event events[EVENTS_AT_ONCE];
  int count = epoll_wait(sockets->set, events, EVENTS_AT_ONCE, 0);
  for (int i = 0; i < count; i++) tell(sockets, &events[i]);
}

static void on_closed(uv_handle_t *handle) {
  Sockets *sockets = handle->data;
  close(sockets->set);
  if (sockets->gone) sockets->gone(sockets->ctx);
  free(sockets->entries);
  free(sockets);
}

void sockets_free(Sockets *sockets, void (*gone)(void *ctx)) {
  if (!sockets) return;
  sockets->gone = gone;
  uv_poll_stop(&sockets->poll);
  uv_close((uv_handle_t *)&sockets->poll, on_closed);
}

Sockets *sockets_new(Loop *loop, SocketsReady ready, void *ctx) {
  Sockets *sockets = calloc(1, sizeof *sockets);
  if (!sockets) return NULL;
  sockets->ready = ready;
  sockets->ctx = ctx;
  sockets->set = epoll_create1(EPOLL_CLOEXEC);
  if (sockets->set < 0 || uv_poll_init(loop_uv(loop), &sockets->poll, sockets->set) != 0) {
    if (sockets->set >= 0) close(sockets->set);
    free(sockets);
    return NULL;
  }
  sockets->poll.data = sockets;
  if (uv_poll_start(&sockets->poll, UV_READABLE, on_ready) == 0) return sockets;
  sockets_free(sockets, NULL);
  return NULL;
}
