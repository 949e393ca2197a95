// Checks each interpreter in service.
#include "bot/memory_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "script/conversation.h"

#include <malloc.h>
#include <stdlib.h>

enum {
  TIGHT_PERCENT = 90,
  EASY_PERCENT = 80,  // once memory has been below this, the warning can be logged again
  GARBAGE =
      16 << 20,  // bytes, and those beyond twice the memory left by the last collection that are
                 // worth another one
  GIVE_BACK = 32 << 20,      // bytes below the maximum that are worth returning to the system
  WAIT_US = 100 * 1000,      // how long to wait for a busy interpreter
  COLLECT_US = 3000 * 1000,  // between two collections while memory is tight, and at least
                             // before one for what the last left in use
  COLLECT_LATER_US = 30000 * 1000,  // if the last collection did not help, and no allocation was
                                    // refused since
  FULL_US = 5000 * 1000,            // how long an interpreter may stay full
  RECENT_US = 1000 * 1000           // how long a refusal counts as recent
};

// The findings about the interpreter at one index.
typedef struct {
  const Interpreter *in;  // only for comparison
  size_t left;            // memory after the last collection
  uint64_t slices, refusals;
  int64_t collected_us, refused_us;
  int64_t again_us;       // how long after it another one may find what it left in use
  int64_t full_since_us;  // 0: it is not full
  bool warned;
} Findings;

struct MemoryWatch {
  Pool *pool;
  BotShared *shared;
  size_t highest;    // the most bytes of all interpreters since the last malloc_trim
  int interpreters;  // not yet closed
  Findings findings[];
};

MemoryWatch *memory_watch_new(Pool *pool, BotShared *shared) {
  MemoryWatch *watch = calloc(1, sizeof *watch + pool_count(pool) * sizeof *watch->findings);
  if (!watch) return NULL;
  watch->pool = pool;
  watch->shared = shared;
  return watch;
}

void memory_watch_free(MemoryWatch *watch) { free(watch); }

static bool is_over(const InterpreterMemory *memory, size_t percent) {
  return memory->max && memory->used > memory->max / 100 * percent;
}

// ---- garbage ------------------------------------------------------------------------------------

static bool is_much(size_t used, size_t before) { return used > before * 2 + GARBAGE; }

// Whether what the last collection left may be garbage by now: a script needed it that waited, or a finalizer, for
// which Lua keeps it until the next one.
static bool may_have_ended(const Findings *found, const InterpreterMemory *memory, int64_t now_us) {
  return memory->used > GARBAGE && now_us - found->collected_us > found->again_us;
}

static bool is_worth_collecting(const Findings *found, const InterpreterMemory *memory,
                                int64_t now_us) {
  bool idle = memory->slices == found->slices;
  if (idle && (is_much(memory->used, found->left) || may_have_ended(found, memory, now_us)))
    return true;
  if (!is_over(memory, TIGHT_PERCENT)) return false;
  bool helps = !found->warned || now_us - found->refused_us < COLLECT_US;
  return now_us - found->collected_us > (helps ? COLLECT_US : COLLECT_LATER_US);
}

// The time doubles with each collection that frees little: a script may need its memory for good.
static void collect(Findings *found, Interpreter *in, InterpreterMemory *memory, int64_t now_us) {
  size_t before = memory->used;
  bool grew = is_much(before, found->left);
  if (!interpreter_collect(in, now_us + WAIT_US)) return;
  *memory = interpreter_look_at_memory(in);
  found->again_us = grew || memory->used < before / 2 ? COLLECT_US : found->again_us * 2;
  found->left = memory->used;
  found->collected_us = now_us;
}

// ---- short memory -------------------------------------------------------------------------------

static void warn(const InterpreterMemory *memory) {
  log_warn("the script uses %zu of %zu MB (script_memory_mb): beyond that its messages fail",
           memory->used >> 20, memory->max >> 20);
}

static void replace(MemoryWatch *watch, size_t index, Interpreter *full) {
  Err err = { 0 };
  size_t max = interpreter_look_at_memory(full).max;
  if (pool_replace_full(watch->pool, index, full, &err))
    log_error("the script has filled script_memory_mb (%zu MB) for %d s: a fresh interpreter "
              "serves in its place",
              max >> 20, FULL_US / 1000000);
  else if (err.code != ERR_NONE)
    log_error("the script has filled script_memory_mb (%zu MB), and no fresh interpreter can be "
              "created: %s",
              max >> 20, err.text);
}

// Returns whether the interpreter has been full for FULL_US, and an allocation was refused just now.
static bool stays_full(Findings *found, int64_t now_us) {
  bool recent = now_us - found->refused_us < RECENT_US;
  if (!found->full_since_us && recent) found->full_since_us = now_us;
  return found->full_since_us && recent && now_us - found->full_since_us >= FULL_US;
}

static void make_room(MemoryWatch *watch, Findings *found, size_t index, Interpreter *in,
                      const InterpreterMemory *memory, int64_t now_us) {
  if (!found->warned) warn(memory);
  found->warned = true;
  if (watch->shared->conversations) conversations_make_room(watch->shared->conversations, in);
  if (!stays_full(found, now_us)) return;
  replace(watch, index, in);
  found->full_since_us = now_us;  // if that failed, the next try comes after the same time
}

static void ease(Findings *found, const InterpreterMemory *memory) {
  found->full_since_us = 0;
  if (!is_over(memory, EASY_PERCENT)) found->warned = false;
}

// ---- check --------------------------------------------------------------------------------------

static void begin(Findings *found, const Interpreter *in, const InterpreterMemory *memory) {
  *found = (Findings){ .in = in,
                       .left = memory->used,
                       .again_us = COLLECT_US,
                       .slices = memory->slices,
                       .refusals = memory->refusals,
                       .refused_us = INT64_MIN / 2,
                       .collected_us = INT64_MIN / 2 };
}

static size_t look(MemoryWatch *watch, size_t index, Interpreter *in, int64_t now_us) {
  Findings *found = &watch->findings[index];
  InterpreterMemory memory = interpreter_look_at_memory(in);
  if (found->in != in) begin(found, in, &memory);
  if (memory.refusals != found->refusals) found->refused_us = now_us;
  found->refusals = memory.refusals;
  if (is_worth_collecting(found, &memory, now_us)) collect(found, in, &memory, now_us);
  found->slices = memory.slices;
  if (is_over(&memory, TIGHT_PERCENT)) make_room(watch, found, index, in, &memory, now_us);
  else ease(found, &memory);
  return memory.used;
}

static void give_back(MemoryWatch *watch, size_t used) {
  int interpreters = atomic_load(&watch->shared->interpreters);
  bool less = used + GIVE_BACK < watch->highest || interpreters < watch->interpreters;
  watch->interpreters = interpreters;
  if (used > watch->highest || less) watch->highest = used;
  if (less) malloc_trim(0);
}

void memory_watch_look(MemoryWatch *watch, int64_t now_us) {
  size_t used = 0;
  for (size_t index = 0; index < pool_count(watch->pool); index++) {
    Interpreter *in = pool_get(watch->pool, index);
    if (!interpreter_is_given_up(in)) used += look(watch, index, in, now_us);
    interpreter_release(in);
  }
  give_back(watch, used);
}
