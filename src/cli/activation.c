// The protocol of sd_listen_fds(3), without its library.
#include "cli/activation.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum { FIRST = 3, COUNT_MAX = 64 };

static int count(void) {
  const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
  int64_t whose = 0, number = 0;
  bool ours = pid && fds && str_to_int64(str_of(pid), &whose) && whose == getpid() &&
              str_to_int64(str_of(fds), &number) && number > 0 && number <= COUNT_MAX;
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  return ours ? (int)number : 0;
}

// If no socket was handed over there after all, the program itself may have the descriptor, for the log's file perhaps.
static bool is_listening(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

Activation activation_take(void) {
  int sockets = count();
  if (sockets > 2)
    log_warn("%d sockets were handed over (LISTEN_FDS): the first is the callback's, the second "
             "the admin address's; the others are not used",
             sockets);
  for (int i = 2; i < sockets; i++)
    if (is_listening(FIRST + i)) close(FIRST + i);
  return (Activation){ .callback = sockets > 0 ? FIRST : 0, .admin = sockets > 1 ? FIRST + 1 : 0 };
}
