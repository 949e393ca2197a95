// Requests for pages that wait for the answer, or whose answer goes on bit by bit: on the loop, without a thread,
// until the script has ended, its time is over, or the client is gone.
#ifndef WEMOON_BOT_PAGE_WAIT_H
#define WEMOON_BOT_PAGE_WAIT_H

#include "bot/page_run.h"

// Its request was kept (page_keep), and waits from now on. False if it cannot: the caller answers it.
bool page_wait_begin(Page *page);
// The process will end: ends all streams soon. Any thread; once.
void page_wait_end_streams(Webhook *webhook);

#endif
