// A thread that waits for the answer, at most a second; then it changes the terminal.
#include "cli/asking.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLOW_S = 1, CTRL_C = 'C' & 037 };

static void make_ctrl_c_a_signal(const Asking *asking) {
  struct termios settings = asking->typing;
  settings.c_lflag |= ISIG;
  settings.c_cc[VINTR] = CTRL_C;
  // Those would end or stop the process with the terminal as it is for typing.
  settings.c_cc[VQUIT] = settings.c_cc[VSUSP] = _POSIX_VDISABLE;
  settings.c_cc[VMIN] = settings.c_cc[VTIME] = 0;  // a read does not wait
  tcsetattr(asking->terminal, TCSANOW, &settings);
}

// The terminal makes a signal of a key when it is pressed: an earlier Ctrl-C waits among the keys. As the signal does,
// it drops what was typed before it.
static void take_earlier_ctrl_c(const Asking *asking) {
  char keys[256];
  bool pressed = false;
  if (asking->typing.c_lflag & ICANON) return;  // a read would wait
  for (ssize_t len; (len = read(asking->terminal, keys, sizeof keys)) > 0;) {
    const char *last = memrchr(keys, CTRL_C, (size_t)len);
    const char *rest = last ? last + 1 : keys;
    if (last) buf_reset(asking->typed);
    buf_add(asking->typed, str_make(rest, (size_t)(keys + len - rest)));
    pressed = pressed || last;
  }
  if (pressed) kill(getpid(), SIGINT);
}

static void *let_interrupt(void *ctx) {
  Asking *asking = ctx;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += SLOW_S;
  while (sem_timedwait(&asking->answered, &until) != 0) {
    if (errno == EINTR) continue;
    make_ctrl_c_a_signal(asking);
    take_earlier_ctrl_c(asking);
    break;
  }
  return NULL;
}

void asking_begin(Asking *asking, int terminal, Buf *typed) {
  *asking = (Asking){ .terminal = terminal, .typed = typed };
  tcgetattr(terminal, &asking->typing);
  sem_init(&asking->answered, 0, 0);
  asking->is_watched = pthread_create(&asking->watcher, NULL, let_interrupt, asking) == 0;
}

void asking_end(Asking *asking) {
  sem_post(&asking->answered);
  if (asking->is_watched) pthread_join(asking->watcher, NULL);
  sem_destroy(&asking->answered);
  tcsetattr(asking->terminal, TCSANOW, &asking->typing);
}
