// For LD_PRELOAD: fails the allocation that a test asks for. The file that $STARVE names holds two 64-bit numbers.
// While the first is not 0, each allocation of the process takes one off, and the one that makes it 0 fails. The second
// is how many blocks are in use.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Atomic(_Atomic long *) numbers;
static char early[1 << 16];  // while the system's allocator is being looked for
static atomic_size_t early_used;
static _Thread_local int spared;  // what the thread allocates now neither counts nor fails

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("STARVE");
  int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  void *shared =
      fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) numbers = shared;
}

static int starves(void) {
  _Atomic long *number = numbers;
  if (!number || spared || *number <= 0 || atomic_fetch_sub(number, 1) != 1) return 0;
  errno = ENOMEM;
  return 1;
}

static void *counted(void *p) {
  if (p && numbers) atomic_fetch_add(numbers + 1, 1);
  return p;
}

static void *early_alloc(size_t size) {
  size_t at = atomic_fetch_add(&early_used, (size + 15) & ~(size_t)15);
  return at + size <= sizeof early ? early + at : NULL;
}

static int is_early(const void *p) {
  return (const char *)p >= early && (const char *)p < early + sizeof early;
}

// What stands behind: under AddressSanitizer its own, by the names that it gives them, else the system's.
#define REAL(name)                                                                                 \
  extern __typeof__(name) __interceptor_##name __attribute__((weak));                              \
  static __typeof__(name) *real_##name(void) {                                                     \
    static __typeof__(name) *kept;                                                                 \
    if (__interceptor_##name) return __interceptor_##name;                                         \
    if (!kept) kept = (__typeof__(name) *)look_up(#name);                                          \
    return kept;                                                                                   \
  }

// NULL while it is being looked for.
static void *look_up(const char *name) {
  static _Thread_local int looking;
  if (looking) return NULL;
  looking = 1;
  void *found = dlsym(RTLD_NEXT, name);
  looking = 0;
  return found;
}

REAL(malloc)
REAL(calloc)
REAL(realloc)
REAL(free)

void *malloc(size_t size) {
  if (starves()) return NULL;
  __typeof__(malloc) *real = real_malloc();
  return real ? counted(real(size)) : early_alloc(size);
}

void *calloc(size_t count, size_t size) {
  if (starves()) return NULL;
  __typeof__(calloc) *real = real_calloc();
  return real ? counted(real(count, size)) : early_alloc(count * size);
}

void free(void *p) {
  __typeof__(free) *real = real_free();
  if (!p || !real || is_early(p)) return;
  if (numbers) atomic_fetch_sub(numbers + 1, 1);
  real(p);
}

void *realloc(void *p, size_t size) {
  if (size && starves()) return NULL;
  __typeof__(realloc) *real = real_realloc();
  if (!p) return malloc(size);
  if (!is_early(p) && real) return real(p, size);
  size_t most = (size_t)(early + sizeof early - (char *)p);
  void *fresh = malloc(size);
  if (fresh) memcpy(fresh, p, size < most ? size : most);
  return fresh;
}

static int is_of_sanitizer(void *code) {
  Dl_info caller, sanitizer;
  return __interceptor_malloc && dladdr(code, &caller) &&
         dladdr((void *)__interceptor_malloc, &sanitizer) &&
         caller.dli_fbase == sanitizer.dli_fbase;
}

// AddressSanitizer asks for a thread's stack when the thread begins, and ends the process if it cannot be told. It is
// told; the threads' own question may fail.
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
  int (*real)(pthread_t, pthread_attr_t *) = dlsym(RTLD_NEXT, "pthread_getattr_np");
  int asks = is_of_sanitizer(__builtin_return_address(0));
  spared += asks;
  int error = real(thread, attributes);
  spared -= asks;
  return error;
}
