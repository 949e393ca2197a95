// Watches the chats of the simulated platform: its stream of events (/sim/events).
#ifndef WEMOON_CLI_CHAT_WATCH_H
#define WEMOON_CLI_CHAT_WATCH_H

#include "base/err.h"

typedef struct ChatWatch ChatWatch;

// Calls on_event(ctx), on a thread of the watch, whenever something happened on the platform at `url`
// ("http://127.0.0.1:8080"); it must not block. NULL on failure.
ChatWatch *chat_watch_open(const char *url, void (*on_event)(void *ctx), void *ctx, Err *err);
// Ends the calls, before the platform ends. NULL is allowed.
void chat_watch_close(ChatWatch *watch);

#endif
