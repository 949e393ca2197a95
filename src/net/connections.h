// Shares the HTTP threads among connections, and watches those that have none. A connection that libcivetweb has keeps
// its thread: when all threads are taken and others wait, idle connections are closed and slow requests are cut off.
// One that pollers serve from its beginning to its end, or that has sent nothing yet, has none.
#ifndef WEMOON_NET_CONNECTIONS_H
#define WEMOON_NET_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Connections Connections;
typedef struct Connection Connection;

// For `threads` connections at once. Each of these may take `request_timeout_ms`: the silence of a connection that has
// no thread, from when it was accepted (up to a second before, the listener held it back); its first request, head and
// body, from when a thread took the connection; the body of a later request, from when its head was read. NULL without
// memory or thread. connections_serve sets the port.
Connections *connections_new(int threads, int64_t request_timeout_ms);
void connections_serve(Connections *connections, int port);
// After accepting has stopped: waits until every request is answered, every answer sent and every connection closed,
// `max_ms` at most.
void connections_drain(Connections *connections, int64_t max_ms);
// Frees it, apart from what parked connections need, which stays until the last of them has ended.
void connections_free(Connections *connections);

// A connection that was accepted is passed on to wait for a thread; connection_opened follows when one takes it, or
// connections_take_back if none will.
void connections_pass(Connections *connections);
void connections_take_back(Connections *connections);
// Whether so many wait for a thread that no more are to be accepted: each is a descriptor.
bool connections_are_enough(const Connections *connections);
// One has sent nothing yet, or lingers after its answer, and needs no thread meanwhile. It is shut down for reading
// once its time is over, or if there are too many such. connections_end_wait follows.
void connections_wait(Connections *connections, int fd);
void connections_end_wait(Connections *connections, int fd);
// A poller looks whether it can serve it, or serves it, to its end: it is not judged meanwhile. connections_serve_end
// or connections_close_served follows.
void connections_serve_begin(Connections *connections, int fd);
void connections_serve_end(Connections *connections, int fd);
void connections_close_served(Connections *connections, int fd);
// Closes a connection that has no thread.
void connections_close(Connections *connections, int fd);
// A thread took a connection. NULL if all slots are taken, which cannot happen: each thread has one.
Connection *connection_opened(Connections *connections);
// Its first request arrives on `fd`.
void connection_introduce(Connection *connection, int fd);
// The descriptor, or -1 before the first request. On the connection's own thread.
int connection_descriptor(const Connection *connection);
// Before its socket is closed.
void connection_closing(Connection *connection);
// A request that arrived at `arrived_us` has its thread now. NULL is allowed.
void connection_comes(Connection *connection, int64_t arrived_us, int64_t now_us);
// A part of a request has arrived; the rest must follow in time. NULL is allowed.
void connection_reads(Connection *connection);
void connection_handles(Connection *connection);  // the request is whole; NULL is allowed
// The request was answered; the thread waits for the next one.
void connection_waits(Connection *connection);
// Whether to close the connection after this answer, so that a waiting connection gets its thread: it had a fair share.
bool connection_should_close(const Connection *connection);

// Returns how many connections have a thread, be it a poller.
int connections_busy(const Connections *connections);

// Registers a connection that leaves its thread with its new descriptor `fd`: it is not closed for being idle. Call it
// between connections_lock and connections_unlock, and make the descriptor there too, so that it is never taken for
// a connection that waits for a thread.
void connections_lock(Connections *connections);
void connections_park(Connections *connections, int fd);
void connections_unlock(Connections *connections);
// `fd` is about to be closed. Any thread; once for each connections_park, even after connections_free.
void connections_unpark(Connections *connections, int fd);
// The answer of a parked connection is made, and is being sent: connections_drain waits for it. Any thread.
// connections_send_end follows before connections_unpark.
void connections_send_begin(Connections *connections);
void connections_send_end(Connections *connections);

#endif
