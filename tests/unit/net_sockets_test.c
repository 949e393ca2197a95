// The sockets that libcurl waits for: reported when they are ready, and never when libcurl does not wait for them.
#include "net/sockets.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

// Replaces libc's: counts how often the kernel is told of the socket that was opened. The loop's thread tells it of
// others, at times of its own.
static atomic_int opened, changes;

int epoll_ctl(int set, int operation, int fd, struct epoll_event *event) {
  int (*own)(int, int, int, struct epoll_event *) =
      (int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl");
  if (fd == atomic_load(&opened)) atomic_fetch_add(&changes, 1);
  return own(set, operation, fd, event);
}

static Loop *loop;
static Sockets *sockets;
static atomic_int told_in, told_out, told_fd, gone;

static void on_ready(void *ctx, int fd, int flags) {
  char bytes[16];
  atomic_store(&told_fd, fd);
  if (flags & CURL_CSELECT_OUT) {
    atomic_fetch_add(&told_out, 1);
    sockets_watch(sockets, fd, CURL_POLL_REMOVE);
  }
  if (!(flags & CURL_CSELECT_IN)) return;
  atomic_fetch_add(&told_in, 1);
  if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
    sockets_watch(sockets, fd, CURL_POLL_REMOVE);
}

static void on_gone(void *ctx) { atomic_store(&gone, 1); }

// ---- on the loop's thread -----------------------------------------------------------------------

typedef struct {
  void (*fn)(int fd, int what);
  int fd, what;
  atomic_bool done;
} Step;

static void run_step(void *ctx) {
  Step *step = ctx;
  step->fn(step->fd, step->what);
  atomic_store(&step->done, true);
}

static void on_loop(void (*fn)(int fd, int what), int fd, int what) {
  Step step = { fn, fd, what, false };
  assert_true(loop_post(loop, run_step, &step));
  while (!atomic_load(&step.done)) usleep(200);
}

static void make(int fd, int what) { sockets = sockets_new(loop, on_ready, NULL); }

static void open_socket(int fd, int what) {
  struct curl_sockaddr address = { .family = AF_INET, .socktype = SOCK_STREAM };
  atomic_store(&opened, sockets_open(sockets, CURLSOCKTYPE_IPCXN, &address));
}

// As for a connection that fails: the loop sees no event between these steps.
static void open_and_abandon(int fd, int what) {
  open_socket(fd, what);
  sockets_watch(sockets, atomic_load(&opened), CURL_POLL_OUT);
  sockets_watch(sockets, atomic_load(&opened), CURL_POLL_REMOVE);
  close(atomic_load(&opened));
}

static void watch(int fd, int what) { sockets_watch(sockets, fd, what); }

static void forget(int fd, int what) { sockets_forget(sockets); }

static void close_socket(int fd, int what) { sockets_close(sockets, fd); }

static void end(int fd, int what) { sockets_free(sockets, on_gone); }

// ---- helpers ------------------------------------------------------------------------------------

static bool reaches(atomic_int *counter, int wanted) {
  for (int i = 0; i < 2000 && atomic_load(counter) < wanted; i++) usleep(1000);
  return atomic_load(counter) >= wanted;
}

static void make_pair(int pair[2]) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void say(int fd) { assert_int_equal(write(fd, "x", 1), 1); }

// Runs on the loop, so the loop is not using the descriptor.
static void shut_fd(int fd, int what) { close(fd); }

static void shut(int fd) { on_loop(shut_fd, fd, 0); }

static void close_pair(const int pair[2]) {
  shut(pair[0]);
  shut(pair[1]);
}

static int open_all(void **state) {
  Err err;
  loop = loop_new(&err);
  atomic_store(&told_in, 0);
  atomic_store(&told_out, 0);
  atomic_store(&gone, 0);
  on_loop(make, 0, 0);
  return loop && sockets ? 0 : -1;
}

static int close_all(void **state) {
  on_loop(end, 0, 0);
  assert_true(reaches(&gone, 1));
  loop_free(loop);
  return 0;
}

// ---- tests --------------------------------------------------------------------------------------

static void test_it_tells_of_what_a_socket_is_watched_for(void **state) {
  int pair[2];
  make_pair(pair);
  on_loop(watch, pair[0], CURL_POLL_IN);
  usleep(20000);
  assert_int_equal(atomic_load(&told_in) + atomic_load(&told_out), 0);
  say(pair[1]);
  assert_true(reaches(&told_in, 1));
  assert_int_equal(atomic_load(&told_fd), pair[0]);
  on_loop(watch, pair[0], CURL_POLL_INOUT);
  assert_true(reaches(&told_out, 1));
  close_pair(pair);
}

static void test_nobody_is_told_of_a_socket_that_is_watched_no_more(void **state) {
  int pair[2];
  make_pair(pair);
  on_loop(watch, pair[0], CURL_POLL_IN);
  on_loop(watch, pair[0], CURL_POLL_REMOVE);
  say(pair[1]);
  usleep(50000);
  assert_int_equal(atomic_load(&told_in), 0);
  on_loop(watch, pair[0], CURL_POLL_IN);  // bytes that arrived in the meantime are reported
  assert_true(reaches(&told_in, 1));
  close_pair(pair);
}

// As happens repeatedly between two requests on one connection.
static void test_a_socket_is_watched_again_and_again(void **state) {
  int pair[2];
  make_pair(pair);
  for (int i = 1; i <= 100; i++) {
    on_loop(watch, pair[0], CURL_POLL_IN);
    say(pair[1]);
    assert_true(reaches(&told_in, i));
    on_loop(watch, pair[0], CURL_POLL_REMOVE);
  }
  close_pair(pair);
}

// libcurl closes a socket without a notice.
static void test_a_number_that_was_closed_is_watched_as_another_socket(void **state) {
  int pair[2], other[2];
  make_pair(pair);
  int number = pair[0];
  on_loop(watch, number, CURL_POLL_IN);
  on_loop(watch, number, CURL_POLL_REMOVE);
  shut(number);
  make_pair(other);
  if (other[0] != number) {
    assert_int_equal(dup2(other[0], number), number);
    close(other[0]);
  }
  on_loop(watch, number, CURL_POLL_IN);
  say(other[1]);
  assert_true(reaches(&told_in, 1));
  assert_int_equal(atomic_load(&told_fd), number);
  shut(number);
  shut(other[1]);
  shut(pair[1]);
}

// Connects a socket that sockets_open opened; returns the other side.
static int connect_opened(int fd) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
  assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
  assert_int_equal(listen(listening, 1), 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
  int other = accept(listening, NULL, NULL);
  close(listening);
  return other;
}

static void test_the_kernel_is_told_once_of_a_connection_that_is_kept(void **state) {
  on_loop(open_socket, 0, 0);
  int fd = atomic_load(&opened), other = connect_opened(fd);
  atomic_store(&changes, 0);
  for (int i = 1; i <= 10; i++) {
    on_loop(watch, fd, CURL_POLL_IN);
    say(other);
    assert_true(reaches(&told_in, i));
    on_loop(watch, fd, CURL_POLL_REMOVE);
  }
  assert_int_equal(atomic_load(&changes), 1);
  on_loop(close_socket, fd, 0);
  shut(other);
}

// Makes a pair whose first side has this number.
static void make_pair_at(int number, int pair[2]) {
  make_pair(pair);
  if (pair[0] == number) return;
  assert_int_equal(dup2(pair[0], number), number);
  close(pair[0]);
  pair[0] = number;
}

static void test_a_number_of_an_opened_socket_may_be_anothers_and_anothers_again(void **state) {
  on_loop(open_and_abandon, 0, 0);
  int number = atomic_load(&opened);
  for (int i = 1; i <= 3; i++) {
    int pair[2];
    make_pair_at(number, pair);
    on_loop(watch, number, CURL_POLL_IN);
    say(pair[1]);
    assert_true(reaches(&told_in, i));
    on_loop(watch, number, CURL_POLL_REMOVE);
    close_pair(pair);
  }
}

static void test_the_other_sides_end_is_told_once_to_who_waits_and_to_nobody_else(void **state) {
  int pair[2], idle[2];
  make_pair(pair);
  make_pair(idle);
  on_loop(watch, idle[0], CURL_POLL_IN);
  on_loop(watch, idle[0], CURL_POLL_REMOVE);
  on_loop(watch, pair[0], CURL_POLL_IN);
  shut(idle[1]);
  shut(pair[1]);
  assert_true(reaches(&told_in, 1));
  usleep(50000);
  assert_int_equal(atomic_load(&told_in), 1);
  assert_int_equal(atomic_load(&told_fd), pair[0]);
  shut(pair[0]);
  shut(idle[0]);
}

// A child process may keep a socket open that is closed here: the epoll set must not keep the socket and report it for
// ever.
static void test_what_is_closed_is_told_of_no_more_though_another_holds_it(void **state) {
  int pair[2];
  make_pair(pair);
  on_loop(watch, pair[0], CURL_POLL_IN);
  on_loop(watch, pair[0], CURL_POLL_REMOVE);
  int held = dup(pair[0]);
  on_loop(close_socket, pair[0], 0);
  say(pair[1]);
  clock_t begun = clock();
  usleep(200000);
  assert_true(clock() - begun < CLOCKS_PER_SEC / 20);
  assert_int_equal(atomic_load(&told_in), 0);
  close(held);
  shut(pair[1]);
}

static void test_after_forget_none_is_watched_and_all_may_be_watched_anew(void **state) {
  int pair[2];
  make_pair(pair);
  on_loop(watch, pair[0], CURL_POLL_IN);
  on_loop(forget, 0, 0);
  say(pair[1]);
  usleep(50000);
  assert_int_equal(atomic_load(&told_in), 0);
  on_loop(watch, pair[0], CURL_POLL_IN);
  assert_true(reaches(&told_in, 1));
  close_pair(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_it_tells_of_what_a_socket_is_watched_for, open_all,
                                    close_all),
    cmocka_unit_test_setup_teardown(test_nobody_is_told_of_a_socket_that_is_watched_no_more,
                                    open_all, close_all),
    cmocka_unit_test_setup_teardown(test_a_socket_is_watched_again_and_again, open_all, close_all),
    cmocka_unit_test_setup_teardown(test_a_number_that_was_closed_is_watched_as_another_socket,
                                    open_all, close_all),
    cmocka_unit_test_setup_teardown(test_the_kernel_is_told_once_of_a_connection_that_is_kept,
                                    open_all, close_all),
    cmocka_unit_test_setup_teardown(
        test_a_number_of_an_opened_socket_may_be_anothers_and_anothers_again, open_all, close_all),
    cmocka_unit_test_setup_teardown(
        test_the_other_sides_end_is_told_once_to_who_waits_and_to_nobody_else, open_all, close_all),
    cmocka_unit_test_setup_teardown(test_what_is_closed_is_told_of_no_more_though_another_holds_it,
                                    open_all, close_all),
    cmocka_unit_test_setup_teardown(test_after_forget_none_is_watched_and_all_may_be_watched_anew,
                                    open_all, close_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
