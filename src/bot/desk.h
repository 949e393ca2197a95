// The live desk, /desk of the admin address: who knows the password sees the messages of the running bot as they come, its
// errors, conversations, owed answers, figures and script, and can have the script loaded again.
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

Desk *desk_new(const DeskOptions *options, Err *err);
// Ends the streams that are open; its server takes no requests any more. NULL is allowed.
void desk_free(Desk *desk);
// False if the path is none of the desk's.
bool desk_route(Desk *desk, const HttpRequest *head, HttpRoute *to);

#endif
