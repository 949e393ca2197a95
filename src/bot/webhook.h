// From a request on the callback path to its answer: verify, open, parse, find or make the job, answer.
#ifndef WEMOON_BOT_WEBHOOK_H
#define WEMOON_BOT_WEBHOOK_H

#include "base/cpu.h"
#include "bot/admission.h"
#include "bot/bot.h"
#include "bot/dedupe.h"
#include "bot/peers.h"
#include "bot/overdue.h"
#include "bot/pool.h"
#include "bot/workspace.h"

#include <stdatomic.h>

// What the callbacks of one bot share. Owned by the bot.
typedef struct {
  const BotOptions *options;
  Pool *pool;
  Dedupe *dedupe;
  Peers *peers;  // NULL: the store is this process's own
  JobPool *jobs;
  WorkspacePool *workspaces;
  Overdue *overdue;
  BotShared shared;
  struct Page *streams;        // pages whose answers go on (page_wait.c); the loop's
  atomic_bool ending_streams;  // the loop is about to end them
  // SIGTERM came; for health pages. Requests on open connections are still answered.
  atomic_bool refusing;
  Admission admission;
} Webhook;

// Routes a request on the callback path by its method. Every refusal writes one log line that says
// why.
void webhook_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route);

#endif
