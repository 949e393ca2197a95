// What tests of stores share: opening and calling one, and the process of a redis-server.
#ifndef WEMOON_TESTS_STORE_SIDE_H
#define WEMOON_TESTS_STORE_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "store/store.h"

__attribute__((unused)) static pid_t redis_pid;

__attribute__((unused)) static Store *open_at(const char *url) {
  Err err = { 0 };
  Store *store = store_open(str_of(url), &err);
  if (!store) fail_msg("%s", err.text);
  return store;
}

__attribute__((unused)) static StoreReply *call(Store *store, StoreCall what) {
  Err err = { 0 };
  StoreReply *reply = store_call_wait(store, &what, &err);
  if (!reply) fail_msg("%s", err.text);
  return reply;
}

__attribute__((unused)) static int listen_somewhere(int *on) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(fd, 16), 0);
  getsockname(fd, (struct sockaddr *)&address, &len);
  *on = ntohs(address.sin_port);
  return fd;
}

__attribute__((unused)) static void stop_redis(void) {
  if (redis_pid <= 0) return;
  kill(redis_pid, SIGKILL);
  waitpid(redis_pid, NULL, 0);
  redis_pid = 0;
}

#endif
