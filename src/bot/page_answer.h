// The answer to a request for a page. The request's thread writes it or, once the connection is parked, the loop.
#ifndef WEMOON_BOT_PAGE_ANSWER_H
#define WEMOON_BOT_PAGE_ANSWER_H

#include "bot/page_run.h"

// Each of these functions answers the request. An answer that is not the script's own writes one log line.
void page_refuse(Page *page, int status, const char *why);
// Answers with the result of the finished job. Does not answer with a stream: if page_has_stream returns true, call
// page_begin instead.
void page_answer(Page *page);
void page_end_busy(Page *page);   // the script had no turn in time
void page_end_stuck(Page *page);  // stuck in a call that cannot be interrupted
void page_end_late(Page *page);   // still running after job_timeout_s

// Returns whether the finished job's answer is a stream.
bool page_has_stream(const Page *page);
// Writes the head and the beginning of the stream. Call it on the loop.
void page_begin(Page *page);

#endif
