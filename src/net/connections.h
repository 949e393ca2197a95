// Who has the HTTP threads. A thread belongs to its connection, so when none is left, connections that send
// nothing are closed for those that wait, and a request that dawdles is cut off; and a connection that is
// busy lets the others' threads go first. Inside net/ only.
#ifndef WEMOON_NET_CONNECTIONS_H
#define WEMOON_NET_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Connections Connections;
typedef struct Connection Connection;

// For `threads` connections at once; `request_timeout_ms`: within that a request must have come, from its
// first byte to its last (a connection's first request: from its opening on). NULL without memory or thread.
// `port` is set with connections_serve.
Connections *connections_new(int threads, int64_t request_timeout_ms);
void connections_serve(Connections *connections, int port);
// Nothing new is accepted any more: returns when each request under way was answered and each connection
// closed, or after `max_ms`.
void connections_drain(Connections *connections, int64_t max_ms);
// What parked connections need of it stays until the last of them has ended.
void connections_free(Connections *connections);

// A thread took a connection. NULL when all slots are taken, which the number of threads excludes.
Connection *connection_opened(Connections *connections);
// Its first request came on `fd`.
void connection_introduce(Connection *connection, int fd);
// On the connection's own thread: the descriptor, or -1 if no request has come yet.
int connection_descriptor(const Connection *connection);
// Before its socket is closed.
void connection_closing(Connection *connection);
// A request came at `arrived_us`, and its thread has it now. True if it followed close on the one before, as
// each does under full load.
bool connection_comes(Connection *connection, int64_t arrived_us, int64_t now_us);
// A part of a request has come; the rest must follow. NULL is allowed.
void connection_reads(Connection *connection);
void connection_handles(Connection *connection);
// It was answered; the thread waits for the next request.
void connection_waits(Connection *connection);
// After an answer to a request that came close on the one before: other threads go first.
void connection_steps_aside(Connection *connection);
// Whether its thread should go to somebody else after this answer: others wait for one, and it had a fair
// share.
bool connection_should_close(const Connection *connection);

int connections_busy(const Connections *connections);

// A connection gets a descriptor of its own, `fd`, and has no thread any more: somebody else writes its answer,
// and it is left alone. Between connections_lock and connections_unlock, within which the descriptor is made,
// so that it is never taken for a connection that waits for a thread.
void connections_lock(Connections *connections);
void connections_park(Connections *connections, int fd);
void connections_unlock(Connections *connections);
// `fd` is about to be closed. Any thread; once for each connections_park, after connections_free too.
void connections_unpark(Connections *connections, int fd);

#endif
