// Handles a request on the callback path: verifies, opens and parses the message, finds or creates its job, and
// answers.
#ifndef WEMOON_BOT_WEBHOOK_H
#define WEMOON_BOT_WEBHOOK_H

#include "base/cpu.h"
#include "bot/admission.h"
#include "bot/bot.h"
#include "bot/dedupe.h"
#include "bot/peers.h"
#include "bot/overdue.h"
#include "bot/pool.h"
#include "bot/user_lines.h"
#include "bot/workspace.h"
#include "script/keep.h"

#include <stdatomic.h>

// State shared by the callbacks of one bot, which owns it.
typedef struct {
  const BotOptions *options;
  Pool *pool;
  Dedupe *dedupe;
  Peers *peers;  // NULL: no other process uses the store
  JobPool *jobs;
  WorkspacePool *workspaces;
  Overdue *overdue;
  UserLines *lines;  // messages that wait for their user's conversation
  BotShared shared;
  struct Page *streams;        // pages with open streams (page_wait.c); used on the loop only
  atomic_bool ending_streams;  // the loop is about to end them
  // The bot is stopping (SIGTERM), for health pages. Requests on open connections are still answered.
  atomic_bool refusing;
  Admission admission;
} Webhook;

// Runs a message that a process which has ended answered before its script began: its answer is late. Returns false if
// it cannot be run now.
bool webhook_resume(Webhook *webhook, const KeptRun *kept);

// Routes a request on the callback path by its method. Every refusal writes one log line with the reason.
void webhook_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route);

#endif
