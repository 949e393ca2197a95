// A script runs its first slice on the thread of its request. When it is stuck there in a call that nothing interrupts, that thread
// cannot keep the deadline: the watcher answers in its place.
#ifndef WEMOON_BOT_RESCUE_H
#define WEMOON_BOT_RESCUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Rescue Rescue;  // all runs that are watched

// One run; its memory is the caller's, from rescue_begin to rescue_end.
typedef struct RescueRun {
  int64_t deadline_us;         // monotonic
  void (*answer)(void *ctx);   // called on the watcher's thread, once
  void *ctx;
  bool answered;
  struct RescueRun *previous, *next;
} RescueRun;

Rescue *rescue_new(void);  // NULL without memory
void rescue_free(Rescue *rescue);  // NULL is allowed
void rescue_begin(Rescue *rescue, RescueRun *run);
// The run came back. True when it was answered for: then nothing more may be written for it. Waits for an answer being written.
bool rescue_end(Rescue *rescue, RescueRun *run);
// Answers for the runs whose deadline has come.
void rescue_answer_due(Rescue *rescue, int64_t now_us);

#endif
