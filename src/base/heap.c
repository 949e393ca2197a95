// Small blocks are carved from the region, and go back to the free list of their size. The region is address
// space: its pages are had as they are first touched.
#include "base/heap.h"

#include "base/sanitized.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void heap_init(Heap *heap, size_t size) {
  memset(heap, 0, sizeof *heap);
  if (SANITIZED) return;
  void *region =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) return;
  heap->region = heap->unused = region;
  heap->end = heap->region + size;
}

void heap_clear(Heap *heap) {
  if (heap->region) munmap(heap->region, (size_t)(heap->end - heap->region));
}

static bool is_ours(const Heap *heap, const void *block) {
  return (const char *)block >= heap->region && (const char *)block < heap->end;
}

static size_t class_of(size_t size) { return (size + HEAP_STEP - 1) / HEAP_STEP; }

// The next block was freed by a collection long ago, and the processor would wait for it.
static void prefetch(const void *block) { __builtin_prefetch(block, 1); }

// A block of the region, or NULL if the size is too large or the region is full.
static void *take(Heap *heap, size_t size) {
  if (size > HEAP_LARGEST || !heap->region) return NULL;
  size_t class = class_of(size);
  void *block = heap->free[class];
  if (block) {
    memcpy(&heap->free[class], block, sizeof block);
    prefetch(heap->free[class]);
    return block;
  }
  if ((size_t)(heap->end - heap->unused) < class * HEAP_STEP) return NULL;
  block = heap->unused;
  heap->unused += class * HEAP_STEP;
  return block;
}

void heap_free(Heap *heap, void *block, size_t size) {
  if (!is_ours(heap, block)) {
    free(block);
    return;
  }
  size_t class = class_of(size);
  memcpy(block, &heap->free[class], sizeof block);
  heap->free[class] = block;
}

void *heap_resize(Heap *heap, void *block, size_t old_size, size_t new_size) {
  bool ours = block && is_ours(heap, block);
  if (ours && class_of(old_size) == class_of(new_size)) return block;
  void *resized = take(heap, new_size);
  if (!resized) {
    if (!ours) return realloc(block, new_size);
    resized = malloc(new_size);
    if (!resized) return NULL;
  }
  if (block) {
    memcpy(resized, block, old_size < new_size ? old_size : new_size);
    heap_free(heap, block, old_size);
  }
  return resized;
}
