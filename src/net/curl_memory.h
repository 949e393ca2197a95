// libcurl's memory. A request makes and frees some forty small blocks of it; the loop thread keeps freed ones for the
// next request, more of them than malloc keeps for a thread.
#ifndef WEMOON_NET_CURL_MEMORY_H
#define WEMOON_NET_CURL_MEMORY_H

#include <stdbool.h>

enum { CURL_MEMORY_KEPT = 256 * 1024 };  // bytes that a thread keeps at most

// Initialises libcurl with an allocator that keeps blocks for the threads that ask for it; once per process, from any
// thread. False if libcurl cannot be initialised. If it was initialised before, its memory stays with malloc.
bool curl_memory_init(void);
// From now on this thread keeps blocks; under a sanitizer it does not, so that the sanitizer sees each one.
void curl_memory_keep(void);
// Frees the blocks that this thread has kept, once it was called as often as curl_memory_keep.
void curl_memory_release(void);

#endif
