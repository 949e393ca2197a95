// A wait begins on an HTTP thread; everything after that runs on the loop.
#include "bot/page_wait.h"

#include "base/clock.h"
#include "bot/page_answer.h"

static Loop *loop_of(const Page *page) { return page->webhook->options->loop; }

// ---- end ----------------------------------------------------------------------------------------

// Ends the wait after the request was answered or its connection closed.
static void end(Page *page) {
  Webhook *webhook = page->webhook;
  loop_timer_stop(page->timer);
  job_release(page->job);
  admission_leave(&webhook->admission, ADMIT_WAITING);
}

static void end_unanswered(Page *page) {
  parked_close(page->parked);
  end(page);
}

// ---- stream -------------------------------------------------------------------------------------

// Once stream_leave returns, a call of on_news is already pending on the loop, or none will come.
static void end_stream(Page *page) {
  *page->link = page->next;
  if (page->next) page->next->link = page->link;
  stream_leave(page->answer.stream);
  parked_end(page->parked);
  page->is_over = true;
  if (!page->has_news) end(page);
}

static void on_news_here(void *ctx);

// On the script's thread.
static void on_news(void *ctx) {
  Page *page = ctx;
  page->has_news = true;
  loop_call(loop_of(page), &page->call, on_news_here, page);
}

// Writes what the script has sent, until there is no more, or the client cannot take more for now.
static void pass_on(Page *page) {
  bool goes_out = true;
  StreamState state = STREAM_SENT;
  Buf out;
  buf_init(&out);
  while (goes_out && state == STREAM_SENT && parked_is_sent(page->parked)) {
    buf_reset(&out);
    state = stream_take(page->answer.stream, &out, on_news, page);
    if (state == STREAM_SENT) goes_out = !out.failed && parked_send(page->parked, buf_str(&out));
  }
  buf_clear(&out);
  if (!goes_out || state == STREAM_OVER) end_stream(page);
}

static void on_news_here(void *ctx) {
  Page *page = ctx;
  page->has_news = false;
  if (page->is_over) end(page);
  else pass_on(page);
}

static void begin_stream(Page *page) {
  Webhook *webhook = page->webhook;
  page->next = webhook->streams;
  page->link = &webhook->streams;
  if (page->next) page->next->link = &page->next;
  webhook->streams = page;
  page_begin(page);
  bool goes_on = !str_eq(page->request.method, STR("HEAD")) && !atomic_load(&webhook->refusing);
  if (goes_on) pass_on(page);
  else end_stream(page);
}

static bool is_streaming(const Page *page) { return page->link != NULL; }

static void end_streams(void *ctx) {
  Webhook *webhook = ctx;
  while (webhook->streams) end_stream(webhook->streams);
  atomic_store(&webhook->ending_streams, false);  // last: the bot may be freed from here on
}

void page_wait_end_streams(Webhook *webhook) {
  Loop *loop = webhook->options->loop;
  if (!loop) return;
  atomic_store(&webhook->ending_streams, true);
  if (!loop_post(loop, end_streams, webhook)) atomic_store(&webhook->ending_streams, false);
}

// ---- answer -------------------------------------------------------------------------------------

// On the loop: the job is finished.
static void answer(void *ctx) {
  Page *page = ctx;
  if (page_has_stream(page)) return begin_stream(page);
  page_answer(page);
  end(page);
}

static void on_answered(JobWaiter *waiter) {
  Page *page = (Page *)((char *)waiter - offsetof(Page, waiter));
  loop_call(loop_of(page), &page->call, answer, page);
}

// ---- time ---------------------------------------------------------------------------------------

static void set_timer(Page *page);

// Returns false if the answer is already on its way.
static bool leave(Page *page, JobLeave why) { return job_leave(page->job, &page->waiter, why); }

static void end_with(Page *page, void (*respond)(Page *page)) {
  if (!leave(page, JOB_ANSWERED_BEFORE)) return;
  respond(page);
  end(page);
}

static void on_time(void *ctx) {
  Page *page = ctx;
  int64_t now_us = clock_now_us();
  page->timer = NULL;
  if (page_drop(page)) return end_with(page, page_end_busy);
  bool runs = atomic_load(&page->stage) == PAGE_RUNS;
  if (runs && now_us >= page_stuck_us(page)) return end_with(page, page_end_stuck);
  if (now_us >= page_end_us(page)) return end_with(page, page_end_late);
  set_timer(page);
}

static int64_t next_look_us(const Page *page) {
  switch (atomic_load(&page->stage)) {
    case PAGE_QUEUED: return page_due_us(page);
    case PAGE_RUNS: return page_stuck_us(page);
    default: return page_end_us(page);
  }
}

// Without a timer the request waits as long as its script takes.
static void set_timer(Page *page) {
  int64_t look_us = next_look_us(page), left_us = look_us - clock_now_us();
  if (look_us == INT64_MAX) return;
  page->timer =
      loop_timer(loop_of(page), left_us > 0 ? (left_us + 999) / 1000 : 0, 0, on_time, page);
}

// ---- client -------------------------------------------------------------------------------------

static void on_changed(void *ctx) {
  Page *page = ctx;
  if (parked_state(page->parked) != PARKED_GONE) return;
  if (is_streaming(page)) return end_stream(page);
  page_drop(page);
  if (leave(page, JOB_ANSWERED_BEFORE)) end_unanswered(page);
}

static void on_sent(void *ctx) { pass_on(ctx); }

// ---- start --------------------------------------------------------------------------------------

// Ends a wait whose connection could not be watched.
static void end_unwatched(Page *page) {
  page->parked = NULL;
  page_drop(page);
  if (!job_leave(page->job, NULL, JOB_ANSWERED_BEFORE) && page_has_stream(page))
    stream_leave(page->answer.stream);
  end(page);
}

static void begin(void *ctx) {
  Page *page = ctx;
  ParkedWatcher watcher = { .changed = on_changed, .sent = on_sent, .ctx = page };
  page->waiter.answered = on_answered;
  if (!parked_watch(page->parked, loop_of(page), &watcher)) return end_unwatched(page);
  if (job_join(page->job, &page->waiter)) set_timer(page);
  else answer(page);
}

bool page_wait_begin(Page *page) {
  Admission *admission = &page->webhook->admission;
  if (!admission_enter(admission, ADMIT_WAITING)) return false;
  page->parked = server_park(page->http);
  if (!page->parked) {
    admission_leave(admission, ADMIT_WAITING);
    return false;
  }
  page->http = NULL;
  job_retain(page->job);
  loop_call(loop_of(page), &page->call, begin, page);
  return true;
}
