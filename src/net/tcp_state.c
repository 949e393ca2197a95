#include "net/tcp_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int port_of(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)address)->sin_port);
  if (address->ss_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  return -1;
}

bool tcp_is_of_port(int fd, int port) {
  struct sockaddr_storage local, peer;
  socklen_t local_len = sizeof local, peer_len = sizeof peer;
  return getsockname(fd, (struct sockaddr *)&local, &local_len) == 0 && port_of(&local) == port &&
         getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0;
}

bool tcp_has_unread(int fd) {
  int unread = 0;
  return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

bool tcp_address(int fd, char out[TCP_ADDRESS_SIZE], int *port) {
  struct sockaddr_storage bound;
  socklen_t len = sizeof bound;
  char host[INET6_ADDRSTRLEN] = "";
  if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 || port_of(&bound) < 0) return false;
  bool ipv6 = bound.ss_family == AF_INET6;
  const struct sockaddr_in *v4 = (struct sockaddr_in *)&bound;
  const struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&bound;
  inet_ntop(bound.ss_family, ipv6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
            host, sizeof host);
  if (port) *port = port_of(&bound);
  snprintf(out, TCP_ADDRESS_SIZE, ipv6 ? "[%s]:%d" : "%s:%d", host, port_of(&bound));
  return true;
}

int tcp_unacknowledged(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

// The kernel counts its own structures too. At the usual length of a packet it takes more than three quarters.
int64_t tcp_room(int fd) {
  int size = 0;
  socklen_t len = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) != 0) return 0;
  return (int64_t)size - size / 4 - tcp_unacknowledged(fd);
}

int tcp_descriptors_end(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > DESCRIPTORS_MAX)
    return DESCRIPTORS_MAX;
  return (int)limit.rlim_cur;
}

// Each time it waits twice as long before it asks again. A client that was asked again because an answer was lost has
// waited as long.
static int64_t opening_us(const struct tcp_info *info) {
  enum { FIRST_US = 1000 * 1000, ASKED_MOST = 6 };
  unsigned asked = info->tcpi_total_retrans;
  if (info->tcpi_rtt) return info->tcpi_rtt;
  return ((1LL << (asked < ASKED_MOST ? asked : ASKED_MOST)) - 1) * FIRST_US;
}

TcpTimes tcp_times(int fd) {
  struct tcp_info info;
  socklen_t len = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) return (TcpTimes){ -1, -1, 0 };
  return (TcpTimes){ info.tcpi_last_data_recv, info.tcpi_last_data_sent, opening_us(&info) };
}
