// A redis-server of the test's own, which can be away: it keeps nothing when it stops.
#ifndef WEMOON_TESTS_REDIS_SERVER_H
#define WEMOON_TESTS_REDIS_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t redis_server_pid;

static bool redis_server_connects(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)port) };
  bool connects = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return connects;
}

// Returns a port that is free now.
static int redis_server_port(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  bind(fd, (struct sockaddr *)&address, len);
  getsockname(fd, (struct sockaddr *)&address, &len);
  close(fd);
  return ntohs(address.sin_port);
}

static bool redis_server_start(int port) {
  redis_server_pid = fork();
  if (redis_server_pid == 0) {
    char number[12];
    snprintf(number, sizeof number, "%d", port);
    if (!freopen("/dev/null", "w", stdout)) _exit(127);
    execlp("redis-server", "redis-server", "--port", number, "--bind", "127.0.0.1", "--save", "",
           "--dir", "/tmp", (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 1000; i++) {
    if (redis_server_connects(port)) return true;
    usleep(10000);
  }
  return false;
}

static void redis_server_stop(void) {
  if (redis_server_pid <= 0) return;
  kill(redis_server_pid, SIGKILL);
  waitpid(redis_server_pid, NULL, 0);
  redis_server_pid = 0;
}

#endif
