// Watches the chats of the simulated platform: its stream of events (/sim/events).
#ifndef WEMOON_CLI_CHAT_WATCH_H
#define WEMOON_CLI_CHAT_WATCH_H

#include "base/err.h"

typedef struct ChatWatch ChatWatch;

typedef struct {
  void (*on_event)(void *ctx);                 // something happened on the platform
  void (*on_end)(void *ctx, const char *why);  // the watch has ended by itself: no more events
  void *ctx;
} ChatWatcher;

// Watches the platform at `url` ("http://127.0.0.1:8080"). Calls the functions of `watcher`, which is copied, on a
// thread of the watch; they must not block. NULL on failure.
ChatWatch *chat_watch_open(const char *url, const ChatWatcher *watcher, Err *err);
// Ends the calls, before the platform ends. NULL is allowed.
void chat_watch_close(ChatWatch *watch);

#endif
