// base/pages: memory that need not be resident.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/pages.h"

enum { COUNT = 8 };

static size_t page_size;

static char *map(const char *path) {
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  char *at = mmap(NULL, COUNT * page_size, path ? PROT_READ : PROT_READ | PROT_WRITE,
                  path ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
  assert_ptr_not_equal(at, MAP_FAILED);
  if (path) close(fd);
  return at;
}

// Which pages this process has: pagemap's bit 63, "present".
static int resident(const char *at) {
  unsigned char entry[COUNT * 8];
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), count = 0;
  assert_int_equal(pread(fd, entry, sizeof entry, (off_t)((size_t)at / page_size * 8)),
                   sizeof entry);
  close(fd);
  for (int i = 0; i < COUNT; i++) count += entry[8 * i + 7] >> 7;
  return count;
}

static int sum(const char *at) {
  int all = 0;
  for (size_t i = 0; i < COUNT * page_size; i += page_size) all += at[i];
  return all;
}

static void test_pages_of_a_file_are_read_again(void **unused) {
  char *at = map("/proc/self/exe");
  int before = sum(at);
  assert_int_equal(resident(at), COUNT);
  pages_give_back(at + 1, COUNT * page_size - 2);  // without the first and the last one
  assert_int_equal(resident(at), 2);
  assert_int_equal(sum(at), before);
  munmap(at, COUNT * page_size);
}

static void test_less_than_a_page_stays(void **unused) {
  char *at = map(NULL);
  memset(at, 'x', COUNT * page_size);
  pages_give_back(at + 1, page_size - 1);
  pages_give_back(at + 1, 2 * page_size - 2);
  pages_give_back(at, 0);
  assert_int_equal(resident(at), COUNT);
  assert_int_equal(sum(at), COUNT * 'x');
  munmap(at, COUNT * page_size);
}

static void test_only_pages_of_zeros_go(void **unused) {
  char *at = map(NULL);
  memset(at, 0, COUNT * page_size);
  at[2 * page_size - 1] = at[5 * page_size] = 'x';
  pages_give_back_zeros(at, COUNT * page_size);
  assert_int_equal(resident(at), 2);
  assert_int_equal(at[2 * page_size - 1], 'x');
  assert_int_equal(at[5 * page_size], 'x');
  assert_int_equal(sum(at), 'x');
  munmap(at, COUNT * page_size);
}

int main(void) {
  page_size = (size_t)sysconf(_SC_PAGESIZE);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pages_of_a_file_are_read_again),
    cmocka_unit_test(test_less_than_a_page_stays),
    cmocka_unit_test(test_only_pages_of_zeros_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
