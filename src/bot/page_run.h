// One request for a page of the script, and the script's run: at once on the request's thread, or in its turn.
#ifndef WEMOON_BOT_PAGE_RUN_H
#define WEMOON_BOT_PAGE_RUN_H

#include "bot/queued.h"
#include "bot/webhook.h"
#include "net/parked.h"
#include "script/page.h"

#define PAGE_GONE "the script that has just been loaded has no such page"

typedef enum {
  PAGE_RUNS,     // runs its first slice
  PAGE_GOES_ON,  // is suspended, or runs after a wait, or has ended
  PAGE_QUEUED,   // waits for its turn
  PAGE_DROPPED   // removed from the queue: its answer is not wanted any more
} PageStage;

// Allocated in its job's arena. Belongs to the request's thread; once the connection is parked, to the loop.
typedef struct Page {
  Queued queued;  // first
  Webhook *webhook;
  Job *job;
  PageRequest request;
  HttpRequest *http;  // NULL once its connection is parked
  Parked *parked;     // NULL while the thread has the connection; the answer ends it
  PageAnswer answer;  // set once the job is finished
  _Atomic PageStage stage;
  // For page_wait.c.
  JobWaiter waiter;
  LoopCall call;
  LoopTimer *timer;
  struct Page *next, **link;  // in the list of pages with open streams
  bool has_news, is_over;     // a call of the loop for it is pending; it only waits for that call
} Page;

// Returns a page held once (job_release), or NULL without memory.
Page *page_new(Webhook *webhook, HttpRequest *request);
// Copies into the page what the answer needs of the request, and with page_keep_whole also what the run needs; until
// then the page uses the HTTP thread's memory. Returns false without memory.
bool page_keep(Page *page);
bool page_keep_whole(Page *page);

// Runs the first slice of an admitted page (ADMIT_JOB) on this thread, if an interpreter is likely to be free at once.
// The end of the run calls admission_leave. TASK_LOST: nothing was run, and the caller queues the page or gives it up
// (admission_leave). TASK_WAITING: the script continues on its own. Otherwise the job is finished.
TaskState page_run_here(Page *page);
// Queues a page for which page_run_here returned TASK_LOST, after page_keep_whole: it runs in its turn unless it was
// dropped.
void page_run_in_turn(Page *page);
// Removes the page from the queue. Returns false if its run has begun.
bool page_drop(Page *page);

// The times (monotonic, us) at which the first slice should have begun, should have ended, and the script should have
// been ended (INT64_MAX: never).
int64_t page_due_us(const Page *page);
int64_t page_stuck_us(const Page *page);
int64_t page_end_us(const Page *page);

#endif
