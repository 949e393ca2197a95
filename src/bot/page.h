// From a request on another path than the callback's to its answer, which a page of the script gives
// (wechat.route).
//
// A page is not a message: no duplicates, and deadline_ms is only how long it may wait for its turn. It counts to
// max_jobs and is ended after job_timeout_s. As a message it holds no thread while it waits.
#ifndef WEMOON_BOT_PAGE_H
#define WEMOON_BOT_PAGE_H

#include "bot/webhook.h"

// What becomes of a request on any other path than the callback's: 404 if the script has no page there.
void page_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route);

#endif
