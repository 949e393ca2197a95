// Runs a page's script.
#include "bot/page_run.h"

#include "base/clock.h"

enum {
  HEADERS_MAX = 64,  // at most that many are passed to the script
  // After job_timeout_s a cancelled task may take this long to close its variables.
  END_SLACK_US = 5 * 1000000
};

// ---- times --------------------------------------------------------------------------------------

int64_t page_due_us(const Page *page) {
  return page->job->started_us + page->webhook->options->deadline_ms * 1000;
}

int64_t page_stuck_us(const Page *page) {
  const BotOptions *options = page->webhook->options;
  return page_due_us(page) + options->interpreter.cpu_us_max + options->deadline_ms * 1000;
}

int64_t page_end_us(const Page *page) {
  int64_t timeout_ms = page->webhook->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 ? page->job->started_us + timeout_ms * 1000 + END_SLACK_US : INT64_MAX;
}

// ---- request ------------------------------------------------------------------------------------

static PageRequest request_of(const HttpRequest *request) {
  return (PageRequest){ .method = request->method,
                        .path = request->path,
                        .query = request->query,
                        .body = request->body,
                        .remote = str_of(server_remote(request)) };
}

Page *page_new(Webhook *webhook, HttpRequest *request) {
  Job *job = job_new(webhook->jobs, request->received_us);
  Page *page = job ? arena_calloc(job->arena, 1, sizeof *page) : NULL;
  Pair *headers = page ? arena_alloc(job->arena, HEADERS_MAX * sizeof *headers) : NULL;
  if (!headers) {
    job_release(job);
    return NULL;
  }
  page->webhook = webhook;
  page->job = job;
  page->http = request;
  page->request = request_of(request);
  page->request.header_count = server_headers(request, headers, HEADERS_MAX);
  page->request.headers = headers;
  return page;
}

static bool keep(Arena *arena, Str *text) {
  *text = arena_dup(arena, *text);
  return text->ptr != NULL;
}

static bool keep_headers(Page *page) {
  Pair *headers = (Pair *)page->request.headers;
  Arena *arena = page->job->arena;
  for (size_t i = 0; i < page->request.header_count; i++)
    if (!keep(arena, &headers[i].name) || !keep(arena, &headers[i].value)) return false;
  return true;
}

bool page_keep(Page *page) {
  PageRequest *request = &page->request;
  Arena *arena = page->job->arena;
  return keep(arena, &request->method) && keep(arena, &request->path) &&
         keep(arena, &request->remote);
}

bool page_keep_whole(Page *page) {
  PageRequest *request = &page->request;
  Arena *arena = page->job->arena;
  return page_keep(page) && keep(arena, &request->query) && keep(arena, &request->body) &&
         keep_headers(page);
}

// ---- run ----------------------------------------------------------------------------------------

static void finish(Page *page, TaskState state) {
  Stream *stream = state == TASK_RETURNED ? page->answer.stream : NULL;
  if (job_finish(page->job, state, NULL, STR(""))) stream_leave(stream);
}

// Called when a suspended script has its answer.
static void on_done(void *ctx, TaskState state, const PageAnswer *answer) {
  Page *page = ctx;
  page->answer = *answer;
  finish(page, state);
}

static void on_over(void *ctx) {
  Page *page = ctx;
  Webhook *webhook = page->webhook;
  job_release(page->job);
  admission_leave(&webhook->admission, ADMIT_JOB);
}

static TaskState first_slice(Page *page, Interpreter *in, int64_t until_us) {
  PageTask task = { .request = &page->request,
                    .due_us = page_due_us(page),
                    .arena = page->job->arena,
                    .owner = page,
                    .done = on_done,
                    .over = on_over };
  return interpreter_run_page(in, &task, until_us, &page->answer);
}

TaskState page_run_here(Page *page) {
  job_retain(page->job);
  Interpreter *in = pool_pick(page->webhook->pool);
  TaskState state = first_slice(page, in, INTERPRETER_SOON);
  interpreter_release(in);
  if (state == TASK_LOST) job_release(page->job);
  else atomic_store(&page->stage, PAGE_GOES_ON);
  if (state == TASK_LOST || state == TASK_WAITING) return state;
  finish(page, state);
  on_over(page);
  return state;
}

static void abandon(Page *page) {
  finish(page, TASK_LOST);
  on_over(page);
}

bool page_drop(Page *page) {
  PageStage stage = PAGE_QUEUED;
  return atomic_compare_exchange_strong(&page->stage, &stage, PAGE_DROPPED);
}

static bool begin(Page *page) {
  PageStage stage = PAGE_QUEUED;
  return atomic_compare_exchange_strong(&page->stage, &stage, PAGE_RUNS);
}

// The page may end, and its request be answered, before this thread uses the page again, so this function holds the
// job.
static void run_in_turn(Queued *queued, Interpreter *in) {
  Page *page = (Page *)queued;
  if (!begin(page)) return abandon(page);
  Job *job = job_retain(page->job);
  TaskState state = first_slice(page, in, INT64_MAX);
  if (state == TASK_LOST) {
    atomic_store(&page->stage, PAGE_QUEUED);
    queued_wait_later(queued);
  } else {
    atomic_store(&page->stage, PAGE_GOES_ON);
    if (state != TASK_WAITING) {
      finish(page, state);
      on_over(page);
    }
  }
  job_release(job);
}

static Interpreter *choose(Queued *queued) {
  queued->turn.movable = true;
  return pool_pick(((Page *)queued)->webhook->pool);
}

void page_run_in_turn(Page *page) {
  job_retain(page->job);
  page->queued = (Queued){ .turn.due_us = page_due_us(page),
                           .loop = page->webhook->options->loop,
                           .choose = choose,
                           .run = run_in_turn };
  queued_wait(&page->queued);
}
