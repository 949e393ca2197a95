// From a request on another path than the callback's to its answer, which a page of the script gives
// (wechat.route).
//
// A page is not a message: no deadline_ms, no duplicates. But it counts to max_jobs, is ended after
// job_timeout_s, and its request keeps an HTTP thread meanwhile, so only max_pages (bot.h) may be under way:
// the rest of the threads are there for messages.
#ifndef WEMOON_BOT_PAGE_H
#define WEMOON_BOT_PAGE_H

#include "bot/webhook.h"

// What becomes of a request on any other path than the callback's: 404 if the script has no page there.
void page_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route);

#endif
