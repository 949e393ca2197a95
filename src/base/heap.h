// An allocator for small objects that one thread allocates and another frees: free lists by size in one region. With
// malloc every thread would keep an arena of its own. One thread at a time.
#ifndef WEMOON_BASE_HEAP_H
#define WEMOON_BASE_HEAP_H

#include <stddef.h>

enum { HEAP_STEP = 16, HEAP_LARGEST = 1024 };

typedef struct {
  char *region, *unused, *end;  // NULL: every block comes from malloc
  void *free[HEAP_LARGEST / HEAP_STEP + 1];
} Heap;

// Small blocks come from a region of `size` bytes while it has room. If the region cannot be mapped, and under a
// sanitizer, every block comes from malloc.
void heap_init(Heap *heap, size_t size);
void heap_clear(Heap *heap);  // every block was freed before
// As realloc and free, with the old size given.
void *heap_resize(Heap *heap, void *block, size_t old_size, size_t new_size);
void heap_free(Heap *heap, void *block, size_t size);

#endif
