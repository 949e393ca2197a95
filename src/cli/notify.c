// NOTIFY_SOCKET names the manager's socket; each state is one datagram.
#include "cli/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

void notify_manager(const char *state) {
  const char *name = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (!name || (name[0] != '/' && name[0] != '@') || strlen(name) >= sizeof address.sun_path)
    return;
  size_t len = strlen(name);
  memcpy(address.sun_path, name, len);
  if (name[0] == '@') address.sun_path[0] = '\0';  // the abstract name space
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
  if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
    log_warn("cannot send %s to the service manager (NOTIFY_SOCKET): %s", state, strerror(errno));
  close(fd);
}

static void pat(void *ctx) {
  Watchdog *watchdog = ctx;
  BotStatus status;
  pthread_mutex_lock(&watchdog->mutex);
  bool there = watchdog->bot != NULL;
  if (there) bot_status(watchdog->bot, &status);
  pthread_mutex_unlock(&watchdog->mutex);
  // A stalled bot lets the watchdog expire: the manager's restart helps it.
  if (there && !status.stalled) notify_manager("WATCHDOG=1");
}

static void begin(void *ctx) {
  Watchdog *watchdog = ctx;
  loop_timer(watchdog->loop, 0, watchdog->every_ms, pat, watchdog);
}

void notify_watchdog_end(Watchdog *watchdog) {
  pthread_mutex_lock(&watchdog->mutex);
  watchdog->bot = NULL;
  pthread_mutex_unlock(&watchdog->mutex);
}

void notify_watchdog(Watchdog *watchdog, Loop *loop, Bot *bot) {
  const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  int64_t us;
  *watchdog = (Watchdog){ .loop = loop, .bot = bot };
  pthread_mutex_init(&watchdog->mutex, NULL);
  if (!text || !str_to_int64(str_of(text), &us) || us < 2000) return;
  if (pid && atoll(pid) != (long long)getpid()) return;
  watchdog->every_ms = us / 2000;
  loop_post(loop, begin, watchdog);
}
