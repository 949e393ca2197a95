// The live desk, /desk of the admin address. With the password it shows the running bot's messages as they arrive, its
// errors, conversations, owed answers, metrics and script, and can reload the script.
#ifndef WEMOON_BOT_DESK_H
#define WEMOON_BOT_DESK_H

#include "bot/bot.h"
#include "bot/live.h"
#include "net/loop.h"

typedef struct Desk Desk;

// All outlive the desk.
typedef struct {
  Bot *bot;
  const char *script;
  Live *live;  // BotOptions.live of that bot
  Loop *loop;
  Str password;
} DeskOptions;

// Copies the options. NULL with ERR_MEMORY.
Desk *desk_new(const DeskOptions *options, Err *err);
// Ends the open streams and frees the desk. The server must already have stopped taking requests. NULL is allowed.
void desk_free(Desk *desk);
// Routes a request. Returns false if the path is not one of the desk's.
bool desk_route(Desk *desk, const HttpRequest *head, HttpRoute *to);

#endif
