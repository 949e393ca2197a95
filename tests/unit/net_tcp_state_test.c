// net/tcp_state: what the kernel tells of connections, in networks that are set up for it.
#include "net/tcp_state.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "net/listener.h"
#include "raw_client.h"

enum { CANNOT = 255, USUAL_MTU = 1500 };  // CANNOT: no result

static bool write_to(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  if (!file) return false;
  fputs(text, file);
  return fclose(file) == 0;
}

// This process has a network of its own from now on, whose loopback has packets of the usual length. False if it may
// not.
static bool leave_for_another_network(void) {
  struct ifreq lo = { .ifr_name = "lo", .ifr_mtu = USUAL_MTU };
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  bool is_up = ioctl(fd, SIOCSIFMTU, &lo) == 0;
  lo.ifr_flags = IFF_UP;
  is_up = is_up && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
  close(fd);
  return is_up;
}

// Runs it in a process of its own, which may change its network. Returns its result, under CANNOT.
static int in_another_network(int (*test)(void)) {
  int status;
  pid_t child = fork();
  if (child == 0) _exit(leave_for_another_network() ? test() : CANNOT);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == CANNOT) skip();
  return WEXITSTATUS(status);
}

// The server's end of a connection; -1 if it does not come.
static int accept_one(const Listener *listener) {
  struct pollfd wait = { .fd = listener->fd, .events = POLLIN };
  return poll(&wait, 1, PATIENCE_MS) == 1 ? accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK) : -1;
}

// Returns how long the opening of a silent connection took, in tenths of a second.
static int open_without_timestamps(void) {
  Listener listener;
  if (!write_to("/proc/sys/net/ipv4/tcp_timestamps", "0")) return CANNOT;
  if (!listener_open(&listener, STR("0"), 16, NULL) || dial(listener.port) < 0) return 0;
  return (int)(tcp_times(accept_one(&listener)).opening_us / 100000);
}

static void test_the_second_of_a_silent_client_without_timestamps_is_known(void **state) {
  assert_in_range(in_another_network(open_without_timestamps), 10, 70);
}

// Returns how many KB a new connection has room for, if the kernel takes them at once.
static int fill_the_room(void) {
  Listener listener;
  int on = 1;
  if (!listener_open(&listener, STR("0"), 16, NULL)) return 0;
  int client = dial(listener.port);
  if (client < 0 || send(client, &on, 1, 0) != 1) return 0;
  int fd = accept_one(&listener);
  int64_t room = tcp_room(fd);
  char *bytes = calloc(1, (size_t)room);
  if (!bytes || send(fd, bytes, (size_t)room, MSG_DONTWAIT) != room) return 0;
  return room < 250 << 10 ? (int)(room >> 10) : 250;
}

// Of the kernel's first 69,120 bytes.
static void
test_in_packets_of_the_usual_length_50_kb_have_room_and_are_taken_at_once(void **state) {
  assert_in_range(in_another_network(fill_the_room), 50, 250);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_second_of_a_silent_client_without_timestamps_is_known),
    cmocka_unit_test(test_in_packets_of_the_usual_length_50_kb_have_room_and_are_taken_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
