// A bump allocator over blocks; the first block is part of the arena.
//
// Arenas are allocated on one thread and freed on another, which is slow with malloc: its threads contend for
// its locks. So some freed arenas are kept for the next caller.
#include "base/arena.h"

#include "base/core_pool.h"
#include "base/sanitized.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  FIRST_BLOCK = 4096,
  SMALL_BLOCK = 1520,  // of malloc's 1,536
  LARGEST_BLOCK = 65536,
  KEPT_ON_A_CORE = 64,
  ALIGNMENT = alignof(max_align_t)
};

typedef struct Block {
  struct Block *previous;  // NULL in the first
  size_t used, size;
  alignas(max_align_t) char bytes[];
} Block;

typedef struct Release {
  struct Release *previous;
  void (*release)(void *thing);
  void *thing;
} Release;

struct Arena {
  Block *current;
  Release *releases;
  Block first;
};

static CorePool kept = CORE_POOL_INITIALIZER, kept_small = CORE_POOL_INITIALIZER;

static Arena *begin(Arena *arena, size_t size) {
  if (!arena) return NULL;
  arena->releases = NULL;
  arena->first = (Block){ .size = size - sizeof *arena };
  arena->current = &arena->first;
  return arena;
}

static Arena *take_kept(CorePool *pool, size_t size) {
  Arena *arena = (Arena *)core_pool_take(pool);
  return begin(arena ? arena : malloc(size), size);
}

Arena *arena_new(void) { return take_kept(&kept, FIRST_BLOCK); }

Arena *arena_new_small(void) { return take_kept(&kept_small, SMALL_BLOCK); }

void arena_reset(Arena *arena) {
  for (; arena->releases; arena->releases = arena->releases->previous)
    arena->releases->release(arena->releases->thing);
  while (arena->current != &arena->first) {
    Block *block = arena->current;
    arena->current = block->previous;
    free(block);
  }
  arena->first.used = 0;
}

void arena_free(Arena *arena) {
  if (!arena) return;
  arena_reset(arena);
  bool small = arena->first.size < FIRST_BLOCK - sizeof *arena;
  CorePool *pool = small ? &kept_small : &kept;
  free(SANITIZED ? arena : (Arena *)core_pool_put(pool, (Pooled *)arena, KEPT_ON_A_CORE));
}

static bool add_block(Arena *arena, size_t least) {
  size_t size = 2 * arena->current->size;
  if (size > LARGEST_BLOCK) size = LARGEST_BLOCK;
  if (size < least) size = least;
  Block *block = malloc(sizeof *block + size);
  if (!block) return false;
  block->previous = arena->current;
  block->used = 0;
  block->size = size;
  arena->current = block;
  return true;
}

static void *take(Block *block, size_t size) {
  void *at = block->bytes + block->used;
  block->used += size;
  return at;
}

// Out of line, so that arena_alloc, which nearly always finds room, keeps no registers for it.
static __attribute__((noinline)) void *take_from_new(Arena *arena, size_t size) {
  return add_block(arena, size) ? take(arena->current, size) : NULL;
}

void *arena_alloc(Arena *arena, size_t size) {
  if (size > PTRDIFF_MAX - sizeof(Block) - ALIGNMENT) return NULL;
  size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  Block *block = arena->current;
  return rounded <= block->size - block->used ? take(block, rounded)
                                              : take_from_new(arena, rounded);
}

void *arena_calloc(Arena *arena, size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  void *at = arena_alloc(arena, total);
  return at ? memset(at, 0, total) : NULL;
}

bool arena_on_free(Arena *arena, void (*release)(void *thing), void *thing) {
  Release *one = arena_alloc(arena, sizeof *one);
  if (!one) return false;
  *one = (Release){ arena->releases, release, thing };
  arena->releases = one;
  return true;
}

Str arena_dup(Arena *arena, Str s) {
  if (s.len == SIZE_MAX) return str_make(NULL, 0);
  char *copy = arena_alloc(arena, s.len + 1);
  if (!copy) return str_make(NULL, 0);
  if (s.len) memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return str_make(copy, s.len);
}

Str arena_join(Arena *arena, Str a, Str b) {
  char *text = arena_alloc(arena, a.len + b.len + 1);
  if (!text) return str_make(NULL, 0);
  if (a.len) memcpy(text, a.ptr, a.len);
  if (b.len) memcpy(text + a.len, b.ptr, b.len);
  text[a.len + b.len] = '\0';
  return str_make(text, a.len + b.len);
}

Str arena_printf(Arena *arena, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
  if (text) vsnprintf(text, (size_t)len + 1, format, again);
  va_end(again);
  return text ? str_make(text, (size_t)len) : str_make(NULL, 0);
}
