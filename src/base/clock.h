// Time. Durations are measured on the monotonic clock, so that a wall clock that jumps changes no deadline.
#ifndef WEMOON_BASE_CLOCK_H
#define WEMOON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_now_us(void);  // monotonic microseconds, arbitrary origin
static inline int64_t clock_now_ms(void) { return clock_now_us() / 1000; }
int64_t
clock_coarse_us(void);        // the same, a few milliseconds late at most, for a fifth of the cost
int64_t clock_real_us(void);  // clock_now_us without clock_advance: for measurements
int64_t clock_unix_s(void);   // wall clock, seconds
int64_t clock_unix_ms(void);  // wall clock, milliseconds
// The wall clock, in milliseconds, at a time of clock_now_us. A jump of the wall clock shows a tenth of a second later.
int64_t clock_unix_ms_at(int64_t monotonic_us);
int64_t clock_thread_cpu_us(void);   // CPU time of the calling thread
int64_t clock_process_cpu_us(void);  // CPU time of all threads
// Converts a time of clock_now_us for the system calls that wait until a time of CLOCK_MONOTONIC.
struct timespec clock_to_timespec(int64_t monotonic_us);
// The wall clock shows that time from now on, in this process; no other clock changes. For `wemoon replay`. One thread
// at a time.
void clock_set_unix_us(int64_t us);
// Moves every clock above forward, except real and CPU time, in this process. The caller wakes what waits for a time.
// For specs (`wemoon test`).
void clock_advance(int64_t us);

#endif
