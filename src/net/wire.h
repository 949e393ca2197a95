// The bytes below libcivetweb. It tells neither a request's descriptor nor its time of arrival, takes blank lines for
// a head, and decodes only some chunked bodies. But it calls poll and recv, and finds the executable's before libc's:
// those defined here check each head as it arrives, keep plain heads, their bodies, and the body of a chunked request
// from libcivetweb, and have the next plain request of a kept connection served by a poller, while libcivetweb's thread
// sleeps in poll. Connections of one plain request it never sees. All functions are about the calling thread's
// connection: its own, or the one that it serves as a poller.
#ifndef WEMOON_NET_WIRE_H
#define WEMOON_NET_WIRE_H

#include "base/str.h"
#include "net/connections.h"
#include "net/plain_head.h"
#include "net/pollers.h"

enum { WIRE_HEAD_MAX = 16384 };  // libcivetweb's buffer for a head, in bytes

// Replaces the first letter of "Transfer-Encoding" in the head that libcivetweb reads, so that it sees a request
// without a body.
#define WIRE_MASK '!'

// What pollers watch for: the first member of each `thing`.
typedef struct {
  void (*ready)(void *thing, bool has_ended);
} Watched;
// For pollers_new: calls the thing's own `ready`.
void wire_ready(void *thing, bool has_ended);

// Returns the name of one of these functions whose libc version libraries find, or NULL. If there is one, nothing here
// works.
const char *wire_untapped(void);
// Who serves the plain requests that come on a kept connection whole: one of `pollers`, which calls `serve` with
// `conn`. Without pollers each is served by the connection's own thread.
typedef struct {
  Pollers *pollers;
  void (*serve)(void *conn);
  void *conn;
} WireShare;
// The thread has a new connection. `connection`, which may be NULL, is notified of heads that arrive in pieces.
void wire_open(Connection *connection, WireShare share);
// The `ready` of a connection between two requests.
void wire_serve(void *place, bool has_ended);

typedef enum {
  WIRE_SILENT,  // nothing has arrived yet
  WIRE_OTHER,   // for libcivetweb; nothing was read
  WIRE_OVER     // it was answered, or its client has gone
} WireFirst;
// Serves the request with which the connection `fd` begins, on any thread, if it has arrived whole, is plain, and is
// the last one: then the caller closes `fd`. `is_watched`: by share.pollers.
WireFirst wire_serve_first(int fd, bool is_watched, WireShare share);
// Writes what the kernel takes at once, on any thread; returns how many bytes, or -1 if the connection is broken.
int64_t wire_send(int fd, const void *bytes, size_t len);
// Writes to a connection that libcivetweb does not have, on any thread. False if the client did not take all of it in
// time: at ANSWER_SLOWEST, and `timeout_ms` more.
bool wire_write(int fd, const void *bytes, size_t len, int timeout_ms);
// libcivetweb closes the connection.
void wire_close(void);
// The current request, or its refusal, is passed on: further bytes are not its head.
void wire_take(void);
bool wire_is_taken(void);
// The connection ends with the current request.
void wire_end(void);
// Whether the bytes behind the current request, whose body has `body_len` bytes, may be left to libcivetweb as the head
// of the next one. If not, the connection must end with this request.
bool wire_may_go_on(int64_t body_len);
// The current request is over; further bytes are the head of the next one.
void wire_next(int64_t body_len);
// The descriptor, or -1 before the first byte.
int wire_descriptor(void);
// When the first byte of the current request was received, even if it waited for a thread (monotonic, microseconds); 0
// if it arrived together with the previous request.
int64_t wire_came_us(void);
// Since when the client waits for this answer: the same, but for a connection's first request the time of its accept.
int64_t wire_arrived_us(void);
// Takes the connection away from libcivetweb, which gets `stand_in` (another descriptor) in its place and closes that.
// Returns the connection's new descriptor, or -1 if the process has none left: nothing was changed.
int wire_take_away(int stand_in);
// What libcivetweb's buffer holds: the head, or as much of it as has arrived. libcivetweb writes NULs into it as it
// parses.
Str wire_head(void);
// Whether an empty line has come, and nothing behind it. It begins no request, and no clock.
bool wire_is_empty_line(void);
// Whether the head of the current request is complete.
bool wire_is_whole(void);
// Whether the client closed its sending half within the head.
bool wire_has_ended(void);
// The head of the current request, if it is plain and arrived in one piece, with no more than its body behind it. Else
// NULL: libcivetweb has the head. libcivetweb takes a plain head for "GET /" and sees no body: it would go through
// every byte of the head twice, and through its lines once more.
const PlainHead *wire_plain(void);
// How many Transfer-Encoding headers are masked.
int wire_masked(void);
// Reads bytes behind a head that is plain, or has a masked header: libcivetweb does not know of that body. Returns how
// many, or 0 or less at the end of the connection or after `timeout_ms`.
int wire_read(void *out, size_t len, int timeout_ms);
// Whether bytes have arrived that wire_read did not return: those of the next request, once the body is complete.
bool wire_has_rest(void);
// Closes our sending half and reads until the client closes its own, `max_ms` at most: to close a connection with
// unread bytes resets it, and the answer is lost.
void wire_linger(int max_ms);

#endif
