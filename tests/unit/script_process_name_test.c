// Process names are unique, and the end of a process is visible on its own machine.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/process_name.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// A child that runs until its input is closed, and its name.
typedef struct {
  pid_t pid;
  int input;
  char name[PROCESS_NAME_SIZE];
} Child;

static void start_child(Child *child) {
  int in[2], out[2];
  assert_int_equal(pipe(in) | pipe(out), 0);
  child->pid = fork();
  if (child->pid == 0) {
    char name[PROCESS_NAME_SIZE] = "", end;
    close(in[1]);
    process_name(name);
    bool ok = write(out[1], name, sizeof name) == sizeof name && read(in[0], &end, 1) == 0;
    _exit(ok ? 0 : 1);
  }
  close(in[0]);
  close(out[1]);
  assert_int_equal(read(out[0], child->name, sizeof child->name), sizeof child->name);
  close(out[0]);
  child->input = in[1];
}

static void end_child(Child *child) {
  int status;
  close(child->input);
  assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
  assert_int_equal(status, 0);
}

static void test_each_call_gives_another_name_for_the_same_process(void **state) {
  char one[PROCESS_NAME_SIZE], other[PROCESS_NAME_SIZE], pid[24];
  assert_true(process_name(one) && process_name(other));
  assert_string_not_equal(one, other);
  snprintf(pid, sizeof pid, ":%d:", (int)getpid());
  assert_non_null(strstr(one, pid));
}

static void test_a_process_of_this_machine_is_alive_until_it_ends(void **state) {
  char mine[PROCESS_NAME_SIZE];
  Child child;
  bool alive = false;
  assert_true(process_name(mine));
  start_child(&child);
  assert_true(process_look(str_of(mine), str_of(child.name), &alive));
  assert_true(alive);
  end_child(&child);
  assert_true(process_look(str_of(mine), str_of(child.name), &alive));
  assert_false(alive);
}

static void test_a_process_that_took_over_the_number_is_another_one(void **state) {
  char mine[PROCESS_NAME_SIZE], earlier[PROCESS_NAME_SIZE];
  bool alive = true;
  assert_true(process_name(mine));
  size_t machine = strcspn(mine, ":");
  snprintf(earlier, sizeof earlier, "%.*s:%d:1:0", (int)machine, mine, (int)getppid());
  assert_true(process_look(str_of(mine), str_of(earlier), &alive));
  assert_false(alive);
}

static void test_an_earlier_name_of_this_process_counts_as_ended(void **state) {
  char mine[PROCESS_NAME_SIZE], earlier[PROCESS_NAME_SIZE];
  bool alive = true;
  assert_true(process_name(earlier) && process_name(mine));
  assert_true(process_look(str_of(mine), str_of(earlier), &alive));
  assert_false(alive);
}

static void test_nothing_is_said_about_another_machine_or_a_text_that_is_no_name(void **state) {
  char mine[PROCESS_NAME_SIZE];
  bool alive;
  assert_true(process_name(mine));
  assert_false(process_look(str_of(mine), STR("0123456789abcdef:1:2:3"), &alive));
  assert_false(process_look(str_of(mine), STR(""), &alive));
  mine[strcspn(mine, ":")] = '\0';
  assert_false(process_look(str_of(mine), str_of(mine), &alive));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_each_call_gives_another_name_for_the_same_process),
    cmocka_unit_test(test_a_process_of_this_machine_is_alive_until_it_ends),
    cmocka_unit_test(test_a_process_that_took_over_the_number_is_another_one),
    cmocka_unit_test(test_an_earlier_name_of_this_process_counts_as_ended),
    cmocka_unit_test(test_nothing_is_said_about_another_machine_or_a_text_that_is_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
