// The head of an answer, as bytes. Inside net/ only.
#ifndef WEMOON_NET_ANSWER_H
#define WEMOON_NET_ANSWER_H

#include "base/buf.h"
#include "net/server.h"

// "Connection: close\r\n"
extern const char answer_closes[];

// Whether an answer with that status has a body: the others end with their head, and a length would be taken
// for that of a body to come.
bool answer_has_body(int status);
// Appends it, to the empty line at its end. `connection`: the header lines about it. The length of a streamed
// answer is unknown: it ends with the connection.
void answer_add_head(Buf *out, const HttpResponse *response, const char *connection, bool streamed);
// Appends head and body of one after which the connection ends. `head_only`: the answer to a HEAD request.
void answer_add_last(Buf *out, const HttpResponse *response, bool head_only);

#endif
