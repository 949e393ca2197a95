// cli/prompt, away from a terminal: where the system has no descriptor left for the one that wakes it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/prompt.h"

enum { FILES = 256 };

static int taken[FILES], count;

// Leaves that many descriptors.
static void leave(int free_ones) {
  for (count = 0; count < FILES && (taken[count] = dup(STDERR_FILENO)) >= 0;) count++;
  for (; free_ones > 0; free_ones--) close(taken[--count]);
}

static void give_back(void) {
  while (count > 0) close(taken[--count]);
}

// The eventfd of notes is the first, a signalfd the second, the eventfd of prompt_wake the third.
static void test_without_a_descriptor_the_prompt_cannot_be_woken_and_says_so(void **state) {
  PromptOptions options = { .complete = NULL };
  Err err;
  for (int i = 1; i <= 3; i++) {
    leave(i);
    Prompt *prompt = prompt_open(&options, &err);
    give_back();
    assert_non_null(prompt);
    assert_true(prompt_can_wake(prompt) == (i == 3));
    prompt_wake(prompt);
    prompt_close(prompt);
  }
}

static void test_without_any_there_is_no_prompt(void **state) {
  PromptOptions options = { .complete = NULL };
  Err err;
  leave(0);
  Prompt *prompt = prompt_open(&options, &err);
  give_back();
  assert_null(prompt);
  assert_int_equal(err.code, ERR_MEMORY);
}

int main(void) {
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){ FILES, FILES });
  // Not a terminal, wherever the test runs.
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_without_a_descriptor_the_prompt_cannot_be_woken_and_says_so),
    cmocka_unit_test(test_without_any_there_is_no_prompt),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
