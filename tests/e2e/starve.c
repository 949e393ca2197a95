// For LD_PRELOAD: fails the allocation that a test asks for. The file that $STARVE names holds two 64-bit numbers. While
// the first is not 0, each allocation of the process takes one off, and the one that makes it 0 fails. The second is how
// many blocks are in use.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Atomic(_Atomic long *) numbers;
static char early[1 << 16];  // for dlsym itself
static atomic_size_t early_used;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("STARVE");
  int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) numbers = shared;
}

static int starves(void) {
  _Atomic long *number = numbers;
  if (!number || *number <= 0 || atomic_fetch_sub(number, 1) != 1) return 0;
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

static int is_early(const void *p) { return (const char *)p >= early && (const char *)p < early + sizeof early; }

// The next one of that name; NULL while it is being looked for.
static void *next(const char *name, void **kept) {
  static _Thread_local int looking;
  if (*kept || looking) return *kept;
  looking = 1;
  *kept = dlsym(RTLD_NEXT, name);
  looking = 0;
  return *kept;
}

void *malloc(size_t size) {
  static void *kept;
  if (starves()) return NULL;
  void *(*real)(size_t) = (void *(*)(size_t))next("malloc", &kept);
  return real ? counted(real(size)) : early_alloc(size);
}

void *calloc(size_t count, size_t size) {
  static void *kept;
  if (starves()) return NULL;
  void *(*real)(size_t, size_t) = (void *(*)(size_t, size_t))next("calloc", &kept);
  return real ? counted(real(count, size)) : early_alloc(count * size);
}

void free(void *p) {
  static void *kept;
  void (*real)(void *) = (void (*)(void *))next("free", &kept);
  if (!p || !real || is_early(p)) return;
  if (numbers) atomic_fetch_sub(numbers + 1, 1);
  real(p);
}

void *realloc(void *p, size_t size) {
  static void *kept;
  if (size && starves()) return NULL;
  void *(*real)(void *, size_t) = (void *(*)(void *, size_t))next("realloc", &kept);
  if (!p) return malloc(size);
  if (!is_early(p) && real) return real(p, size);
  size_t most = (size_t)(early + sizeof early - (char *)p);
  void *fresh = malloc(size);
  if (fresh) memcpy(fresh, p, size < most ? size : most);
  return fresh;
}
