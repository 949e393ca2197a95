// Threads that wait for bytes on many sockets at once, and serve what has arrived one after the other: a thread that
// finds its next request there need not sleep and be woken, which costs as much as a message. There are a few, for the
// cores; while all of them are busy for long, there are more.
#ifndef WEMOON_NET_POLLERS_H
#define WEMOON_NET_POLLERS_H

#include <stdbool.h>

typedef struct Pollers Pollers;

// A socket with this `thing` has new bytes, or its client will send no more (`has_ended`); what is not read now is not
// reported again. It may be called for nothing, and on several threads at once, for one thing too.
typedef void (*PollersReady)(void *thing, bool has_ended);

typedef struct {
  int most;  // threads in all while the first ones, one for each core, are busy
  // The first ones may be bound to a core each while others compete for the cores (core_share.h). A program that
  // `ready` starts meanwhile is bound, too.
  bool may_bind;
  PollersReady ready;
} PollersOptions;

// Starts the threads. NULL if the system refuses.
Pollers *pollers_new(const PollersOptions *options);
// Has `ready` called with `thing` when bytes arrive on `fd`, or have arrived by now. `again`: the socket is known
// already. False if the system refuses. The socket is forgotten when it is closed.
bool pollers_watch(Pollers *pollers, int fd, void *thing, bool again);
// Has `ready` called with `thing` while connections wait on the listening socket `fd`, one after the other.
bool pollers_listen(Pollers *pollers, int fd, void *thing);
// Does not have it called for a while, and does again; neither needs memory. A socket that was forgotten meanwhile
// stays forgotten.
void pollers_pause(Pollers *pollers, int fd);
void pollers_resume(Pollers *pollers, int fd, void *thing);
// Forgets the socket, whose descriptor is about to mean another.
void pollers_forget(Pollers *pollers, int fd);
// Returns how many threads there are.
int pollers_count(Pollers *pollers);
// Ends the threads, so that nothing is reported any more; sockets may still be watched and forgotten. NULL is
// allowed.
void pollers_stop(Pollers *pollers);
// Ends the threads and frees it; NULL is allowed. False if threads do not return from `ready`: they run on, and use
// what they were given.
bool pollers_end(Pollers *pollers);

#endif
