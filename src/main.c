// Process-wide set-up, then the command.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "cli/command.h"

// A process may be started without its standard streams. What is opened next must not take their numbers: a
// closed one stays one on which writing (input: reading) fails.
static void hold_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != fd && opened > 2) close(opened);
  }
}

int main(int argc, char **argv) {
  hold_standard_streams();
  signal(SIGPIPE, SIG_IGN);  // a reader who left is an error of the write
  mallopt(M_ARENA_MAX,
          4);  // hundreds of threads with an arena each would keep what one of them once needed
  return commands_run(argc, argv);
}
