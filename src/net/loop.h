// The event loop, over libuv: one thread that waits for timers, signals and sockets. Code on it must not block.
#ifndef WEMOON_NET_LOOP_H
#define WEMOON_NET_LOOP_H

#include "base/err.h"
#include <stdint.h>

typedef struct Loop Loop;
typedef struct LoopTimer LoopTimer;
typedef void (*LoopFn)(void *ctx);

Loop *loop_new(Err *err);  // starts its thread
// Runs what was posted before, stops the thread, and frees the remaining timers.
void loop_free(Loop *loop);
// Runs fn(ctx) on the loop thread, soon, in order. From any thread. False without memory, or after loop_free began.
bool loop_post(Loop *loop, LoopFn fn, void *ctx);
// The same without allocation: `call` is the caller's, who does not touch it until fn is called. Does nothing after
// loop_free began.
typedef struct LoopCall {
  LoopFn fn;
  void *ctx;
  struct LoopCall *next;
  bool owned;  // freed by the loop
} LoopCall;
void loop_call(Loop *loop, LoopCall *call, LoopFn fn, void *ctx);
// Runs work(ctx), which takes long, on another thread, then done(ctx) on the loop thread. False without memory. Loop
// thread only; before loop_free.
bool loop_work(Loop *loop, LoopFn work, LoopFn done, void *ctx);
// Calls fn(ctx) on the loop thread after `delay_ms`, then every `repeat_ms` (0: once; a one-shot timer frees
// itself after fn). Loop thread only.
LoopTimer *loop_timer(Loop *loop, int64_t delay_ms, int64_t repeat_ms, LoopFn fn, void *ctx);
// Frees the timer. Loop thread only; not for a one-shot timer that has fired. NULL is allowed.
void loop_timer_stop(LoopTimer *timer);
// Time was moved forward by so much (clock_advance): the timers come due as much earlier. Any thread.
void loop_time_moved(Loop *loop, int64_t us);
// The uv_loop_t, for net/ and store/ only.
struct uv_loop_s *loop_uv(Loop *loop);
// Answers that wait for their clients, of all servers whose connections are on this loop: one bound for the process
// that has one loop. Loop thread only.
struct UnsentList *loop_unsent(Loop *loop);
// The `data` of a poll handle that may still be open when the loop ends; the loop closes it then.
struct uv_handle_s;
typedef struct {
  void (*closed)(struct uv_handle_s *handle);
} LoopLeft;

#endif
