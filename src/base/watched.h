// Whether a sanitizer watches memory: then every block comes from malloc, for it to be seen.
#ifndef WEMOON_BASE_WATCHED_H
#define WEMOON_BASE_WATCHED_H

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WATCHED = true };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { WATCHED = true };
#else
enum { WATCHED = false };
#endif
#else
enum { WATCHED = false };
#endif

#endif
