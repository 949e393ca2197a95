// The loop, over libuv: the one thread that waits for the outside (timers, signals, sockets). Nothing that
// runs on it may block.
#ifndef WEMOON_NET_LOOP_H
#define WEMOON_NET_LOOP_H

#include "base/err.h"
#include <stdint.h>

typedef struct Loop Loop;
typedef struct LoopTimer LoopTimer;
typedef void (*LoopFn)(void *ctx);

Loop *loop_new(Err *err);  // starts its thread
// Stops the thread after what was posted before has run, frees timers that are left.
void loop_free(Loop *loop);
// Runs fn(ctx) on the loop thread, soon, in the order of posting. From any thread. False without memory or
// after loop_free began.
bool loop_post(Loop *loop, LoopFn fn, void *ctx);
// The same without memory of its own: `call` is the caller's, who lets it alone until fn is called. After
// loop_free began nothing happens.
typedef struct LoopCall {
  LoopFn fn;
  void *ctx;
  struct LoopCall *next;
  bool owned;  // by the loop
} LoopCall;
void loop_call(Loop *loop, LoopCall *call, LoopFn fn, void *ctx);
// Runs work(ctx) on another thread, since it takes long, then done(ctx) on the loop thread. False without
// memory. Loop thread only; before loop_free.
bool loop_work(Loop *loop, LoopFn work, LoopFn done, void *ctx);
bool loop_is_current(const Loop *loop);  // whether the caller is the loop thread
// Calls fn(ctx) on the loop thread after `delay_ms`, then each `repeat_ms` (0: once; a once-timer frees
// itself after fn). Loop thread only.
LoopTimer *loop_timer(Loop *loop, int64_t delay_ms, int64_t repeat_ms, LoopFn fn, void *ctx);
// Frees it. Loop thread only; not for a once-timer that has fired. NULL is allowed.
void loop_timer_stop(LoopTimer *timer);
// The uv_loop_t, for the other files of net/ and store/ only.
struct uv_loop_s *loop_uv(Loop *loop);
// What the `data` of a poll handle points to that may still be open when the loop ends: it is closed then.
struct uv_handle_s;
typedef struct {
  void (*closed)(struct uv_handle_s *handle);
} LoopLeft;

#endif
