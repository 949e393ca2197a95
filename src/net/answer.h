// The bytes of a response: its head, or the whole of it.
#ifndef WEMOON_NET_ANSWER_H
#define WEMOON_NET_ANSWER_H

#include "base/buf.h"
#include "net/server.h"

// "Connection: close\r\n"
extern const Str answer_closes;

// Whether a response with that status has a body. The others end with their head, without a Content-Length.
bool answer_has_body(int status);
// Appends the head with its final empty line. `connection` is the Connection header with its line end. A streamed
// response has no length: it ends with the connection.
void answer_add_head(Buf *out, const HttpResponse *response, Str connection, bool streamed);
// Appends head and body of a response that ends the connection. `head_only`: the response to a HEAD request.
void answer_add_last(Buf *out, const HttpResponse *response, bool head_only);

// Bytes in a millisecond that a client takes at least: who reads a byte now and then is given up.
enum { ANSWER_SLOWEST = 16 };
enum { ANSWER_STATUS_MAX = 64 };
// The body of an answer that says its status alone, in `body`.
Str answer_status(int status, char body[ANSWER_STATUS_MAX]);

#endif
