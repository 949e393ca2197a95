// Each block is one of malloc's, so it does not matter which thread frees it, and whether that thread keeps blocks.
// Kept ones are in lists by the size that malloc gave them.
#include "net/curl_memory.h"

#include "base/sanitized.h"

#include <curl/curl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 16, SPARE = 8, LARGEST = 1024, CLASSES = LARGEST / STEP + 1 };

typedef struct Kept {
  struct Kept *next;
} Kept;

typedef struct {
  int users;  // 0: this thread keeps nothing
  size_t bytes;
  Kept *first[CLASSES];
} Memory;

static _Thread_local Memory own;

// malloc gives 24, 40, 56 ... bytes: a block of class N has at least N * STEP + SPARE.
static size_t size_of(size_t class) { return class * STEP + SPARE; }

static size_t class_for(size_t wanted) {
  return wanted <= size_of(1) ? 1 : (wanted - SPARE + STEP - 1) / STEP;
}

static void *allocate(size_t size) {
  size_t class = class_for(size);
  Kept *kept = class < CLASSES ? own.first[class] : NULL;
  if (!kept) return malloc(size);
  own.first[class] = kept->next;
  own.bytes -= size_of(class);
  return kept;
}

static void release(void *block) {
  if (!block) return;
  size_t size = own.users ? malloc_usable_size(block) : 0;
  size_t class = size < size_of(1) ? CLASSES : (size - SPARE) / STEP;
  if (class >= CLASSES || own.bytes + size_of(class) > CURL_MEMORY_KEPT) {
    free(block);
    return;
  }
  Kept *kept = block;
  kept->next = own.first[class];
  own.first[class] = kept;
  own.bytes += size_of(class);
}

static void *allocate_zeroed(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  if (class_for(total) >= CLASSES) return calloc(count, size);
  void *block = allocate(total);
  return block ? memset(block, 0, total) : NULL;
}

// A block that has room enough stays, as long as it is small.
static void *resize(void *block, size_t size) {
  if (!block) return allocate(size);
  if (class_for(size) >= CLASSES) return realloc(block, size);
  size_t before = malloc_usable_size(block);
  if (before >= size && before <= LARGEST) return block;
  void *other = allocate(size);
  if (!other) return NULL;
  memcpy(other, block, before < size ? before : size);
  release(block);
  return other;
}

static char *duplicate(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = allocate(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

static bool ready;

static void init(void) {
  ready = curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, release, resize, duplicate,
                               allocate_zeroed) == CURLE_OK;
}

bool curl_memory_init(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, init);
  return ready;
}

void curl_memory_keep(void) {
  if (!SANITIZED) own.users++;
}

static void drop(Kept **first) {
  for (Kept *kept; (kept = *first);) {
    *first = kept->next;
    free(kept);
  }
}

void curl_memory_release(void) {
  if (own.users == 0 || --own.users > 0) return;
  for (size_t class = 0; class < CLASSES; class ++) drop(&own.first[class]);
  own.bytes = 0;
}
