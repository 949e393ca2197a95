// Microseconds that telling a message from a duplicate, and remembering its answer, take of a message: at 500 messages
// a second, which are all known whole; with a number as argument, at so many a second.
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bot/dedupe.h"

enum { ROUNDS = 1000000 };

int main(int count, char **args) {
  Dedupe *dedupe = dedupe_new(60);
  JobPool *jobs = job_pool_new();
  Job *running;
  Buf answer;
  int64_t answered_s, began_us = clock_now_us(), made_us = 0, now_us = began_us;
  int64_t apart_us = 1000000 / (count > 1 ? atoi(args[1]) : 500);
  if (!dedupe || !jobs) return 1;
  buf_init(&answer);
  for (int i = 0; i < ROUNDS; i++, now_us += apart_us) {
    char identity[48];
    int64_t before_us = i % 64 ? 0 : clock_now_us();
    Job *job = job_new(jobs, now_us);
    int len = snprintf(identity, sizeof identity, "oDemoUser00000000000%d:%d", i % 90, i);
    job->identity = str_make(identity, (size_t)len);
    if (before_us) made_us += (clock_now_us() - before_us) * 64;
    if (dedupe_enter(dedupe, job, now_us, &running, &answer, &answered_s) != DEDUPE_NEW) return 1;
    dedupe_finish(dedupe, job, STR("an answer as short as most"), now_us);
    job_release(job);
  }
  printf("%.3f\n", (double)(clock_now_us() - began_us - made_us) / ROUNDS);
  dedupe_free(dedupe);
  job_pool_free(jobs);
  return 0;
}
