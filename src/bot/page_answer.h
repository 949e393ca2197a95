// What a request for a page is answered with: by its thread, or, once its connection is parked, on the loop.
#ifndef WEMOON_BOT_PAGE_ANSWER_H
#define WEMOON_BOT_PAGE_ANSWER_H

#include "bot/page_run.h"

// Each of these answers the request. What answers it otherwise than its script did writes one line of the log.
void page_refuse(Page *page, int status, const char *why);
// What its job, which is finished, came to. A stream that goes on is not touched: `page->answer.stream` is to be
// begun with page_begin instead, where page_has_stream says so.
void page_answer(Page *page);
void page_end_busy(Page *page);   // the script had no time for it
void page_end_stuck(Page *page);  // in a call that nothing interrupts
void page_end_late(Page *page);   // it goes on after job_timeout_s

// Whether what its finished job came to is an answer that goes on bit by bit.
bool page_has_stream(const Page *page);
// Writes the head and the beginning of that. On the loop.
void page_begin(Page *page);

#endif
