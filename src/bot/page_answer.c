// Statuses, and the lines of the log that explain them.
#include "bot/page_answer.h"

#include "base/log.h"

enum { STATUS_HANG_UP = 444 };  // as in other servers: the connection is closed without an answer

static void respond(Page *page, const HttpResponse *response) {
  if (page->parked) parked_respond(page->parked, response);
  else server_respond(page->http, response);
  page->parked = NULL;
}

static void respond_status(Page *page, int status) {
  if (page->parked) parked_respond_status(page->parked, status);
  else server_respond_status(page->http, status, NULL);
  page->parked = NULL;
}

void page_refuse(Page *page, int status, const char *why) {
  const PageRequest *request = &page->request;
  log_warn("refused %.*s %.*s from %.*s with %d: %s", STR_FMT(request->method),
           STR_FMT(request->path), STR_FMT(request->remote), status, why);
  respond_status(page, status);
}

// The script's error is in the log already, with its traceback.
static void fail(Page *page, int status, const char *how) {
  const PageRequest *request = &page->request;
  log_error("%.*s %.*s from %.*s was answered with %d: its page %s", STR_FMT(request->method),
            STR_FMT(request->path), STR_FMT(request->remote), status, how);
  respond_status(page, status);
}

void page_end_busy(Page *page) { page_refuse(page, 503, "the script was busy until deadline_ms"); }

void page_end_stuck(Page *page) { fail(page, 503, "was stuck"); }

void page_end_late(Page *page) { fail(page, 503, "ran for longer than job_timeout_s"); }

static const char *how_it_ended(TaskState state) {
  switch (state) {
    case TASK_OVER_CPU: return "was stopped: it was over script_cpu_ms";
    case TASK_OVER_MEMORY: return "was stopped: its script was over script_memory_mb";
    default: return "failed";
  }
}

static HttpResponse response_of(const PageAnswer *answer) {
  return (HttpResponse){ .status = answer->status,
                         .content_type = answer->type,
                         .body = answer->body,
                         .extra_headers = answer->headers.ptr,
                         .no_answer = answer->status == STATUS_HANG_UP };
}

void page_answer(Page *page) {
  TaskState state = page->job->state;
  const PageAnswer *answer = &page->answer;
  if (state == TASK_CANCELLED) return fail(page, 503, "was ended");
  if (state != TASK_RETURNED) return fail(page, 500, how_it_ended(state));
  if (answer->status == 0) return page_refuse(page, 404, PAGE_GONE);
  HttpResponse response = response_of(answer);
  respond(page, &response);
}

bool page_has_stream(const Page *page) {
  return page->job->state == TASK_RETURNED && page->answer.stream;
}

void page_begin(Page *page) {
  HttpResponse response = response_of(&page->answer);
  parked_begin(page->parked, &response);
}
