// The protocol of sd_listen_fds(3), without its library.
#include "cli/activation.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static void close_beyond_second(int sockets) {
  if (sockets > 2)
    log_warn("%d sockets were handed over (LISTEN_FDS): the first is the callback's, the second "
             "the admin address's; the others are not used",
             sockets);
  for (int i = 2; i < sockets; i++)
    if (is_listening(FIRST + i)) close(FIRST + i);
}

// Both would accept connections of one address, and each the other's.
static bool are_one_socket(int a, int b) {
  struct stat first, second;
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && S_ISSOCK(first.st_mode) &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool activation_take(Activation *activation, Err *err) {
  int sockets = count();
  close_beyond_second(sockets);
  *activation =
      (Activation){ .callback = sockets > 0 ? FIRST : 0, .admin = sockets > 1 ? FIRST + 1 : 0 };
  if (sockets < 2 || !are_one_socket(FIRST, FIRST + 1)) return true;
  return err_set(
      err, ERR_USAGE,
      "one socket was handed over twice (LISTEN_FDS, descriptors %d and %d): the second is "
      "the admin address's and needs an address of its own. A socket unit needs a "
      "ListenStream=ADDRESS:PORT for each",
      FIRST, FIRST + 1);
}
