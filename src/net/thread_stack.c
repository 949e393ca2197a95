// Stacks large enough for Lua's recursion limit.
#include "net/thread_stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

// Frames are several times as large under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_SIZE = 4 * 1024 * 1024 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { STACK_SIZE = 4 * 1024 * 1024 };
#else
enum { STACK_SIZE = 1024 * 1024 };
#endif
#else
enum { STACK_SIZE = 1024 * 1024 };
#endif

typedef int (*SetStackSize)(pthread_attr_t *attr, size_t size);

__attribute__((visibility("default"))) int pthread_attr_setstacksize(pthread_attr_t *attr,
                                                                     size_t size) {
  SetStackSize set = (SetStackSize)dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
  if (!set) return EINVAL;
  return set(attr, size < STACK_SIZE ? STACK_SIZE : size);
}

size_t thread_stack_size(void) {
  pthread_attr_t attr;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attr) != 0) return 0;
  if (pthread_attr_getstacksize(&attr, &size) != 0) size = 0;
  pthread_attr_destroy(&attr);
  return size;
}
