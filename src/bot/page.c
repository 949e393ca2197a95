// Requests for the script's pages.
#include "bot/page.h"

#include "base/log.h"
#include "bot/page_answer.h"
#include "bot/page_wait.h"

#include <stdio.h>

enum { ALLOW_MAX = 128 };

static void refuse_method(HttpRequest *request, const char *allow) {
  char headers[ALLOW_MAX + 16], why[ALLOW_MAX + 32];
  snprintf(headers, sizeof headers, "Allow: %s\r\n", allow);
  snprintf(why, sizeof why, "the script's page has %s", allow);
  server_refuse(request, 405, headers, why);
}

// ---- run ----------------------------------------------------------------------------------------

// On the watcher's thread, for a page whose script is stuck in a call that cannot be interrupted.
static bool respond_in_its_place(void *ctx) {
  server_respond(ctx, &(HttpResponse){
                          .status = 503, .body = STR("503 Service Unavailable\n"), .close = true });
  return true;
}

static void refuse_to_wait(Page *page) {
  page_refuse(page, 503, "it could not wait for its answer: no descriptors or no memory");
}

// Parks the request: its script continues, or its answer is a stream.
static void wait_for_answer(Page *page) {
  if (page_keep(page) && page_wait_begin(page)) return;
  bool waits = job_leave(page->job, NULL, JOB_ANSWERED_BEFORE);
  if (!waits && page_has_stream(page)) stream_leave(page->answer.stream);
  refuse_to_wait(page);
}

static void wait_for_turn(Page *page) {
  atomic_store(&page->stage, PAGE_QUEUED);
  if (page_keep_whole(page) && page_wait_begin(page)) return page_run_in_turn(page);
  admission_leave(&page->webhook->admission, ADMIT_JOB);
  refuse_to_wait(page);
}

// Drops the answer of a page that was stuck and that the watcher has answered.
static void forget_answer(Page *page, TaskState state) {
  const PageRequest *request = &page->request;
  log_error("%.*s %.*s from %.*s was answered with 503: the script was stuck",
            STR_FMT(request->method), STR_FMT(request->path), STR_FMT(request->remote));
  if (state == TASK_LOST) admission_leave(&page->webhook->admission, ADMIT_JOB);
  else if (!job_leave(page->job, NULL, JOB_ANSWERED_BEFORE) && page_has_stream(page))
    stream_leave(page->answer.stream);
}

static void run(Page *page, OverdueRun *watched) {
  overdue_begin(watched, page_stuck_us(page), respond_in_its_place, page->http);
  TaskState state = page_run_here(page);
  if (overdue_end(watched)) forget_answer(page, state);
  else if (state == TASK_LOST) wait_for_turn(page);
  else if (state == TASK_WAITING || page_has_stream(page)) wait_for_answer(page);
  else page_answer(page);
}

static void handle_admitted(Webhook *webhook, HttpRequest *request) {
  Page *page = page_new(webhook, request);
  Workspace *w = workspace_get(webhook->workspaces);
  if (page && w) {
    run(page, &w->run);
  } else {
    admission_leave(&webhook->admission, ADMIT_JOB);
    server_refuse(request, 503, NULL, "no memory");
  }
  workspace_put(webhook->workspaces, w);
  if (page) job_release(page->job);
}

// The script may be replaced between this lookup and the page's turn: interpreter_run_page looks the page up again.
static void handle(void *ctx, HttpRequest *request) {
  Webhook *webhook = ctx;
  if (admission_enter(&webhook->admission, ADMIT_JOB)) return handle_admitted(webhook, request);
  server_refuse(request, 503, NULL, "max_jobs messages and pages are under way already");
}

// ---- request ----

// Any interpreter will do: all have the pages that the script registers during the load.
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

static void handle_other_method(void *ctx, HttpRequest *request) {
  char allow[ALLOW_MAX];
  if (find(ctx, request, allow, sizeof allow) == PAGE_OTHER_METHOD) refuse_method(request, allow);
  else server_refuse(request, 404, NULL, PAGE_GONE);
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
