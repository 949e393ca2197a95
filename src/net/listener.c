// Opens the listening socket, and replaces the socket under a descriptor that civetweb uses.
#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp_state.h"

enum { DEFER_S = 1 };

// "8080", "127.0.0.1:8080", "[::1]:8080".
static bool read_address(Str listen, struct sockaddr_storage *out, socklen_t *len, Err *err) {
  const char *colon = listen.len ? memrchr(listen.ptr, ':', listen.len) : NULL;
  Str host = colon ? str_sub(listen, 0, (size_t)(colon - listen.ptr)) : STR("127.0.0.1");
  Str number = colon ? str_sub(listen, host.len + 1, listen.len) : listen;
  int64_t port;
  char text[INET6_ADDRSTRLEN + 1];
  if (!str_to_int64(number, &port) || port < 0 || port > UINT16_MAX) {
    return err_set(
        err, ERR_USAGE,
        "listen is '%.*s': write ADDRESS:PORT, PORT or [IPV6]:PORT, such as 127.0.0.1:8080",
        STR_FMT(listen));
  }
  bool brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
  if (brackets) host = str_sub(host, 1, host.len - 2);
  snprintf(text, sizeof text, "%.*s", STR_FMT(host));
  struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
  struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
  memset(out, 0, sizeof *out);
  out->ss_family = brackets ? AF_INET6 : AF_INET;
  *len = brackets ? sizeof *ipv6 : sizeof *ipv4;
  if (brackets) ipv6->sin6_port = htons((uint16_t)port);
  else ipv4->sin_port = htons((uint16_t)port);
  bool known = host.len < sizeof text &&
               inet_pton(out->ss_family, text,
                         brackets ? (void *)&ipv6->sin6_addr : (void *)&ipv4->sin_addr) == 1;
  return known || err_set(err, ERR_USAGE,
                          "listen is '%.*s': '%.*s' is not an IP address: write 127.0.0.1:PORT, "
                          "0.0.0.0:PORT or [::1]:PORT",
                          STR_FMT(listen), STR_FMT(host));
}

void listener_close(Listener *listener) {
  if (listener->fd >= 0) close(listener->fd);
  listener->fd = -1;
}

static bool cannot_listen(Listener *listener, Str listen, int why, Err *err) {
  listener_close(listener);
  const char *mend = "";
  if (why == EADDRINUSE)
    mend = ": another process has the port: end it, or give another port (--listen or "
           "--admin-listen; of "
           "dev, --port)";
  else if (why == EADDRNOTAVAIL)
    mend = ": this machine does not have the address; `ip addr` lists those it has";
  else if (why == EACCES)
    mend = ": ports below 1024 need rights; listen on a higher one, behind a proxy";
  else if (why == EAFNOSUPPORT) mend = ": this machine has no IPv6";
  else if (why == EMFILE) mend = ": raise the limit of open files (ulimit -n)";
  return err_set(err, ERR_FAILED, "cannot listen on %.*s: %s%s", STR_FMT(listen), strerror(why),
                 mend);
}

static bool bind_it(Listener *listener, const struct sockaddr_storage *address, socklen_t len,
                    int backlog) {
  int on = 1;
  listener->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener->fd < 0) return false;
  setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address->ss_family == AF_INET6)
    setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  return bind(listener->fd, (const struct sockaddr *)address, len) == 0 &&
         listen(listener->fd, backlog) == 0;
}

// Accepted connections inherit the first two. The system holds a new connection back until its first bytes are there,
// or for DEFER_S: so it is accepted by a thread that can serve it at once, and one that was reset by then by none.
static void set_options(int fd) {
  int on = 1, defer_s = DEFER_S;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof defer_s);
}

void listener_give_at_once(int fd) {
  int never = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &never, sizeof never);
}

bool listener_open(Listener *listener, Str text, int backlog, Err *err) {
  struct sockaddr_storage address;
  socklen_t len = 0;
  *listener = (Listener){ .fd = -1 };
  if (!read_address(text, &address, &len, err)) return false;
  if (!bind_it(listener, &address, len, backlog) ||
      !tcp_address(listener->fd, listener->address, &listener->port))
    return cannot_listen(listener, text, errno, err);
  set_options(listener->fd);
  return true;
}

bool listener_inherit(Listener *listener, int fd, Err *err) {
  int listens = 0, family = 0;
  socklen_t size = sizeof listens, family_size = sizeof family;
  *listener = (Listener){ .fd = fd, .shared = true };
  bool fits = getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
              getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_size) == 0 &&
              (family == AF_INET || family == AF_INET6);
  // It may be a descriptor of this process by now: one that was handed over closed.
  if (!fits) listener->fd = -1;
  if (!fits)
    return err_set(err, ERR_USAGE,
                   "the socket that was handed over (descriptor %d) is not a listening TCP socket: "
                   "a socket unit needs ListenStream=ADDRESS:PORT",
                   fd);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (!tcp_address(listener->fd, listener->address, &listener->port))
    return cannot_listen(listener, str_of(listener->address), errno, err);
  set_options(fd);
  return true;
}

static bool listens_on(int fd, int port) {
  struct sockaddr_in local;
  int listens = 0;
  socklen_t size = sizeof listens, len = sizeof local;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
         getsockname(fd, (struct sockaddr *)&local, &len) == 0 && local.sin_family == AF_INET &&
         ntohs(local.sin_port) == port;
}

bool listener_replace(const Listener *listener, int port, int by, Err *err) {
  int fd = 0;  // a process whose standard streams were closed has it there
  while (fd < DESCRIPTORS_MAX && (fd == listener->fd || !listens_on(fd, port))) fd++;
  return (fd < DESCRIPTORS_MAX && dup3(by, fd, O_CLOEXEC) >= 0) ||
         err_set(err, ERR_FAILED,
                 "cannot listen on %s: the HTTP library's own socket was not found",
                 listener->address);
}

void listener_quiet(const Listener *listener) {
  if (!listener->shared) shutdown(listener->fd, SHUT_RDWR);
}
