// From a request on another path than the callback's to its answer, which a page of the script gives
// (wechat.route).
//
// A page is not a message: no deadline_ms, no duplicates. But it counts to max_jobs, is ended after
// job_timeout_s, and its request keeps an HTTP thread meanwhile, so only max_pages (bot.h) may be under way:
// the rest of the threads are there for messages.
#ifndef WEMOON_BOT_PAGE_H
#define WEMOON_BOT_PAGE_H

#include "bot/webhook.h"

// Whether the script has a page at that path, by whatever method.
bool page_exists(const Webhook *webhook, const HttpRequest *head);
// By the head alone. A path that has no such method goes on to page_handle, which says which ones it has.
void page_route(const Webhook *webhook, const HttpRequest *head, HttpRoute *route);
void page_handle(Webhook *webhook, HttpRequest *request);

#endif
