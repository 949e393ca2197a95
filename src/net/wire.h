// The bytes under an HTTP thread. libcivetweb tells neither a request's descriptor nor when it came, takes
// blank lines for a head, and undoes chunks only of some senders. But it accepts with accept and reads with
// recv, which it finds in the executable before libc's: the ones here note when a connection was accepted,
// look at each head as it comes, and keep the body of a chunked request from libcivetweb. All functions are
// about the calling thread's connection.
#ifndef WEMOON_NET_WIRE_H
#define WEMOON_NET_WIRE_H

#include "base/str.h"
#include "net/connections.h"

enum { WIRE_HEAD_MAX = 16384 };  // bytes of a head, for which libcivetweb has room

// What the first letter of "Transfer-Encoding" becomes in a head that libcivetweb reads, so that it takes
// the request for one without a body.
#define WIRE_MASK '!'

// Whether libraries find the executable's recv. If not, nothing below works.
bool wire_is_tapped(void);
// The thread has a new connection. `connection` is told of heads that come in pieces, and may be NULL.
void wire_open(Connection *connection);
// The request at hand, or the refusal of one, is handed on: what comes now is no head.
void wire_take(void);
bool wire_is_taken(void);
// The connection ends with the request at hand.
void wire_end(void);
// Whether what came behind the request at hand, whose body has `body_len` bytes, can be left to libcivetweb
// as the next one's head. If not, the connection has to end with this request.
bool wire_may_go_on(int64_t body_len);
// The request at hand is over; what comes is the next one's head.
void wire_next(int64_t body_len);
// The descriptor, or -1 if nothing has been received on it yet.
int wire_descriptor(void);
// When the first byte of the request at hand came, however long it waited for a thread (monotonic, in us);
// 0 if it came with the request before.
int64_t wire_came_us(void);
// From when on the other side waits for this answer: the same, but for a connection's first request the time
// when the connection was accepted.
int64_t wire_arrived_us(void);
// Takes the connection away from libcivetweb, which finds `stand_in` (another descriptor) in its place and
// ends that. Returns the connection's new descriptor, or -1 if the process has none left: nothing happened.
int wire_take_away(int stand_in);
// What libcivetweb's buffer holds: the head, or as much of it as has come. libcivetweb puts NULs into it as it
// reads it.
Str wire_head(void);
// Whether the head of the request at hand is there as a whole.
bool wire_is_whole(void);
// Whether the other side has ended its half of the connection within the head.
bool wire_has_ended(void);
// How many Transfer-Encoding headers are masked. If there are any, the body is to be read with wire_read.
int wire_masked(void);
// Bytes behind the head of a chunked request: how many came; 0 or less at the end of the connection, or after
// `timeout_ms`.
int wire_read(void *out, size_t len, int timeout_ms);
// Whether bytes have come that wire_read has not given: the next request's, once the body is whole.
bool wire_has_rest(void);
// Ends our half of the connection and reads on until the other side has ended its own, `max_ms` at most: a
// connection that is closed while bytes lie unread is reset, and the answer lost.
void wire_linger(int max_ms);

#endif
