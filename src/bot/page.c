// Pages of the bot's own.
#include "bot/page.h"

#include "base/clock.h"
#include "base/log.h"
#include "script/page.h"

#include <stdio.h>
#include <time.h>

enum {
  HEADERS_MAX = 64,  // what net/server gives
  ALLOW_MAX = 128,
  END_SLACK_US =
      5 * 1000000,  // so long after job_timeout_s a task that was to be ended may still be at it
  RETRY_NS = 5 * 1000 * 1000,
  STATUS_HANG_UP = 444,  // as other servers have it: the connection ends without an answer
  STREAM_LOOK_MS = 200   // so often a quiet stream looks whether the server is to stop
};

static const char GONE[] = "the script that has just been loaded has no such page";

// One page under way; in its job's arena.
typedef struct {
  Webhook *webhook;
  Job *job;
  PageAnswer answer;
} Page;

// ---- answers ----

static void refuse(HttpRequest *request, int status, const char *why) {
  server_refuse(request, status, NULL, why);
}

static void refuse_method(HttpRequest *request, const char *allow) {
  char headers[ALLOW_MAX + 16], why[ALLOW_MAX + 32];
  snprintf(headers, sizeof headers, "Allow: %s\r\n", allow);
  snprintf(why, sizeof why, "the script's page has %s", allow);
  server_refuse(request, 405, headers, why);
}

// The script's error is in the log already, with its traceback.
static void respond_failure(HttpRequest *request, int status, const char *how) {
  log_error("%.*s %.*s from %s was answered with %d: its page %s", STR_FMT(request->method),
            STR_FMT(request->path), server_remote(request), status, how);
  server_respond_status(request, status, NULL);
}

static const char *how_it_ended(TaskState state) {
  switch (state) {
    case TASK_OVER_CPU: return "was stopped: it was over script_cpu_ms";
    case TASK_OVER_MEMORY: return "was stopped: its script was over script_memory_mb";
    default: return "failed";
  }
}

// Passes on what the script sends, until one of the two sides has enough.
static void pass_on(HttpRequest *request, Stream *stream) {
  Buf out;
  buf_init(&out);
  for (StreamState state; (state = stream_take(stream, &out, STREAM_LOOK_MS)) != STREAM_OVER;
       buf_reset(&out)) {
    if (state == STREAM_QUIET ? server_is_stopping(request) : !server_write(request, buf_str(&out)))
      break;
  }
  buf_clear(&out);
}

static void respond_page(HttpRequest *request, TaskState state, const PageAnswer *answer) {
  if (state == TASK_CANCELLED) return respond_failure(request, 503, "was ended");
  if (state != TASK_RETURNED) return respond_failure(request, 500, how_it_ended(state));
  if (answer->status == 0) return refuse(request, 404, GONE);
  HttpResponse response = { .status = answer->status,
                            .content_type = answer->type.ptr,
                            .body = answer->body,
                            .extra_headers = answer->headers.ptr,
                            .no_answer = answer->status == STATUS_HANG_UP };
  if (!answer->stream) return server_respond(request, &response);
  server_begin(request, &response);
  if (!str_eq(request->method, STR("HEAD"))) pass_on(request, answer->stream);
  stream_leave(answer->stream);
}

// On the watcher's thread, for a page whose script is stuck in a call that nothing interrupts.
static bool respond_in_its_place(void *ctx) {
  server_respond(ctx, &(HttpResponse){
                          .status = 503, .body = STR("503 Service Unavailable\n"), .close = true });
  return true;
}

// ---- the script's side ----

static void on_done(void *ctx, TaskState state, const PageAnswer *answer) {
  Page *page = ctx;
  page->answer = *answer;
  Stream *stream = state == TASK_RETURNED ? answer->stream : NULL;
  bool late = job_finish(page->job, state, NULL, STR(""));
  if (late) stream_leave(stream);
}

static void on_over(void *ctx) {
  Page *page = ctx;
  Webhook *webhook = page->webhook;
  job_release(page->job);
  admission_leave(&webhook->admission, ADMIT_JOB);
}

// An interpreter that was given up meanwhile has a successor, one that is busy may have another beside it:
// try that one, until the deadline. The job is held for `on_over`.
static TaskState run(Page *page, const PageRequest *request, int64_t deadline_us) {
  Job *job = job_retain(page->job);
  PageTask task = {
    .request = request, .arena = job->arena, .owner = page, .done = on_done, .over = on_over
  };
  for (;;) {
    Interpreter *interpreter = pool_pick(page->webhook->pool);
    TaskState state = interpreter_run_page(interpreter, &task, deadline_us, &page->answer);
    interpreter_release(interpreter);
    if (state == TASK_WAITING) return state;
    if (state != TASK_LOST) {
      job_finish(job, state, NULL, STR(""));
      on_over(page);
      return state;
    }
    if (clock_now_us() >= deadline_us) break;
    nanosleep(&(struct timespec){ .tv_nsec = RETRY_NS }, NULL);
  }
  admission_leave(&page->webhook->admission, ADMIT_JOB);
  job_release(job);
  return TASK_LOST;
}

// By then a task was ended, if its interpreter is any good.
static int64_t last_moment(const Webhook *webhook) {
  int64_t timeout_ms = webhook->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 ? clock_now_us() + timeout_ms * 1000 + END_SLACK_US : INT64_MAX;
}

// The first slice has deadline_ms to get its turn and script_cpu_ms to run; one that is not back long after
// that is stuck.
static void run_and_respond(Webhook *webhook, HttpRequest *request, Page *page,
                            OverdueRun *watched) {
  const BotOptions *options = webhook->options;
  Pair headers[HEADERS_MAX];
  PageRequest given = { .method = request->method,
                        .path = request->path,
                        .query = request->query,
                        .body = request->body,
                        .remote = str_of(server_remote(request)),
                        .headers = headers };
  given.header_count = server_headers(request, headers, HEADERS_MAX);
  int64_t deadline_us = request->received_us + options->deadline_ms * 1000;
  int64_t stuck_us = deadline_us + options->interpreter.cpu_us_max + options->deadline_ms * 1000;
  overdue_begin(watched, stuck_us, respond_in_its_place, request);
  TaskState state = run(page, &given, deadline_us);
  if (overdue_end(watched)) {
    log_error("%.*s %.*s from %s was answered with 503: the script was stuck",
              STR_FMT(request->method), STR_FMT(request->path), server_remote(request));
    if (state != TASK_LOST && job_wait(page->job, 0)) stream_leave(page->answer.stream);
  } else if (state == TASK_LOST) {
    refuse(request, 503, "the script was busy until deadline_ms");
  } else if (job_wait(page->job, last_moment(webhook))) {
    respond_page(request, page->job->state, &page->answer);
  } else {
    respond_failure(request, 503, "goes on after job_timeout_s");
  }
}

// Counted to max_jobs already.
static void run_counted(Webhook *webhook, HttpRequest *request) {
  Job *job = job_new(webhook->jobs, request->received_us);
  Page *page = job ? arena_calloc(job->arena, 1, sizeof *page) : NULL;
  Workspace *w = workspace_get(webhook->workspaces);
  if (page && w) {
    *page = (Page){ .webhook = webhook, .job = job };
    run_and_respond(webhook, request, page, &w->run);
  } else {
    admission_leave(&webhook->admission, ADMIT_JOB);
    refuse(request, 503, "no memory");
  }
  workspace_put(webhook->workspaces, w);
  if (job) job_release(job);
}

static void answer_page(Webhook *webhook, HttpRequest *request) {
  if (!admission_enter(&webhook->admission, ADMIT_JOB)) {
    return refuse(request, 503, "max_jobs messages and pages are under way already");
  }
  run_counted(webhook, request);
}

static void admit(Webhook *webhook, HttpRequest *request) {
  if (atomic_fetch_add(&webhook->pages, 1) < webhook->options->max_pages)
    answer_page(webhook, request);
  else
    refuse(request, 503,
           "half of the HTTP threads have pages under way; the others are for messages");
  atomic_fetch_sub(&webhook->pages, 1);
}

// ---- the request's side ----

// All interpreters have the pages that the script makes while it is loaded.
static PageMatch find(const Webhook *webhook, const HttpRequest *request, char *allow,
                      size_t size) {
  Interpreter *interpreter = pool_get(webhook->pool, 0);
  PageMatch match = interpreter_find_page(interpreter, request->method, request->path, allow, size);
  interpreter_release(interpreter);
  return match;
}

static bool has_body(const HttpRequest *head) {
  return head->content_length > 0 || head->chunked || str_eq(head->method, STR("POST")) ||
         str_eq(head->method, STR("PUT")) || str_eq(head->method, STR("PATCH"));
}

// The script may be replaced between the look-up and the page's turn: interpreter_run_page looks again.
static void handle(void *ctx, HttpRequest *request) { admit(ctx, request); }

static void handle_other_method(void *ctx, HttpRequest *request) {
  char allow[ALLOW_MAX];
  if (find(ctx, request, allow, sizeof allow) == PAGE_OTHER_METHOD) refuse_method(request, allow);
  else refuse(request, 404, GONE);
}

void page_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route) {
  route->ctx = webhook;
  switch (find(webhook, head, NULL, 0)) {
    case PAGE_NONE: route->status = 404; break;
    case PAGE_OTHER_METHOD: route->handle = handle_other_method; break;
    case PAGE_FOUND:
      route->handle = handle;
      route->needs_body = has_body(head);
      route->max_body = webhook->options->max_body;
      break;
  }
}
