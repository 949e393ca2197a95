// One request for a page of the script's own, and the run of its script: here and now, or in its turn.
#ifndef WEMOON_BOT_PAGE_RUN_H
#define WEMOON_BOT_PAGE_RUN_H

#include "bot/queued.h"
#include "bot/webhook.h"
#include "net/parked.h"
#include "script/page.h"

#define PAGE_GONE "the script that has just been loaded has no such page"

typedef enum {
  PAGE_RUNS,     // its first slice
  PAGE_GOES_ON,  // waits, or goes on after a wait, or has ended
  PAGE_QUEUED,   // for its turn
  PAGE_DROPPED   // out of the queue: nobody wants it any more
} PageStage;

// In its job's arena. Of the thread that has its request; once it is parked, of the loop.
typedef struct Page {
  Queued queued;  // first
  Webhook *webhook;
  Job *job;
  PageRequest request;
  HttpRequest *http;  // NULL once its connection is parked
  Parked *parked;     // NULL as long as its thread has it; answering it ends it
  PageAnswer answer;  // once its job is finished
  _Atomic PageStage stage;
  // Of page_wait.c.
  JobWaiter waiter;
  LoopCall call;
  LoopTimer *timer;
  struct Page *next, **link;  // among those whose streams go on
  bool has_news, is_over;     // a call of the loop is under way to it; it is only waited for
} Page;

// Held once (job_release). NULL without memory.
Page *page_new(Webhook *webhook, HttpRequest *request);
// What its answer needs of its request is kept for as long as it lives, in place of what the HTTP thread has; what its
// run needs too. False without memory.
bool page_keep(Page *page);
bool page_keep_whole(Page *page);

// It was admitted (ADMIT_JOB), and is left by its run's end. Runs the first slice on this thread, if an interpreter is likely to be free at once. TASK_LOST: nothing was run, and
// it is to be queued or given up (ADMIT_JOB). TASK_WAITING: its script goes on by itself. Else the job is finished.
TaskState page_run_here(Page *page);
// One that was lost and is kept whole: it waits for its turn, and is run in it unless it was dropped.
void page_run_in_turn(Page *page);
// Takes it out of the queue. False if it has begun.
bool page_drop(Page *page);

// When its first slice should have begun, should have ended, and its script should have been ended (monotonic, us).
int64_t page_due_us(const Page *page);
int64_t page_stuck_us(const Page *page);
int64_t page_end_us(const Page *page);

#endif
