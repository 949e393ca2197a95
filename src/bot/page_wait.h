// Requests for pages that wait for their answer, or whose answer is a stream: they wait on the loop, without a thread,
// until the script ends, its time is over, or the connection is closed.
#ifndef WEMOON_BOT_PAGE_WAIT_H
#define WEMOON_BOT_PAGE_WAIT_H

#include "bot/page_run.h"

// Makes the page's request, kept with page_keep, wait from now on. Returns false if it cannot wait: then the caller
// answers the request.
bool page_wait_begin(Page *page);
// Ends all streams soon, before the process ends. Call it from any thread, once.
void page_wait_end_streams(Webhook *webhook);

#endif
