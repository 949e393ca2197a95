#include "base/pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Beginning and end of the whole pages.
typedef struct {
  uintptr_t at, end, size;
} Pages;

static Pages pages_in(const void *start, size_t len) {
  uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)start;
  return (Pages){ .at = (from + size - 1) & ~(size - 1),
                  .end = (from + len) & ~(size - 1),
                  .size = size };
}

void pages_give_back(const void *start, size_t len) {
  Pages pages = pages_in(start, len);
  if (pages.at < pages.end) madvise((void *)pages.at, pages.end - pages.at, MADV_DONTNEED);
}

static bool is_zero(const char *bytes, size_t len) {
  return *bytes == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

void pages_give_back_zeros(const void *start, size_t len) {
  Pages pages = pages_in(start, len);
  for (uintptr_t from; pages.at < pages.end; pages.at += pages.size) {
    for (from = pages.at; pages.at < pages.end && is_zero((char *)pages.at, pages.size);)
      pages.at += pages.size;
    if (from < pages.at) madvise((void *)from, pages.at - from, MADV_DONTNEED);
  }
}
