// Requests on paths other than the callback path, answered by a page of the script (wechat.route).
//
// A page is not a message: there are no duplicates, and deadline_ms only limits how long a page waits for its turn. A
// page counts towards max_jobs and is ended after job_timeout_s. Like a message, it holds no thread while it waits.
#ifndef WEMOON_BOT_PAGE_H
#define WEMOON_BOT_PAGE_H

#include "bot/webhook.h"

// Routes a request on any path other than the callback path: 404 if the script has no page there.
void page_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route);

#endif
