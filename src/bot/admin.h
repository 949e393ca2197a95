// The pages of the admin address: GET /healthz, GET /metrics, POST /reload, and the live desk (desk.h). These pages are
// for the operator's own tools: the address must not be reachable from outside.
#ifndef WEMOON_BOT_ADMIN_H
#define WEMOON_BOT_ADMIN_H

#include "api/api.h"
#include "base/metrics.h"
#include "bot/bot.h"

// All outlive the pages.
typedef struct {
  Bot *bot;
  const char *script;
  const Server *server;  // the server for callbacks
  Store *store;
  Api *api;
  Metrics *metrics;
  int64_t started_s;  // Unix seconds
  struct Desk *desk;  // NULL: no live desk
} Admin;

// Returns the handler of these pages; `admin` must outlive the server.
HttpHandler admin_handler(Admin *admin);

#endif
