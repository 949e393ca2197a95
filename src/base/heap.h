// Memory for small objects that one thread takes and another gives back, all the time: free lists by size in
// one region of their owner's. malloc would make every thread keep some. One thread at a time.
#ifndef WEMOON_BASE_HEAP_H
#define WEMOON_BASE_HEAP_H

#include <stddef.h>

enum { HEAP_STEP = 16, HEAP_LARGEST = 1024 };

typedef struct {
  char *region, *unused, *end;  // NULL: all comes from malloc
  void *free[HEAP_LARGEST / HEAP_STEP + 1];
} Heap;

// Small blocks come from a region of `size` bytes while there is room. Where none can be had, or a sanitizer
// watches, all comes from malloc.
void heap_init(Heap *heap, size_t size);
void heap_clear(Heap *heap);  // all blocks have been given back
// As realloc and free do, but with the old size given.
void *heap_resize(Heap *heap, void *block, size_t old_size, size_t new_size);
void heap_free(Heap *heap, void *block, size_t size);

#endif
