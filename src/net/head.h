// What the head of a request says about its body and its connection (RFC 9112). A head that a proxy in front could read
// differently (another end of the body, another host) is refused.
#ifndef WEMOON_NET_HEAD_H
#define WEMOON_NET_HEAD_H

#include "base/pairs.h"

typedef struct {
  const char *method, *target, *version;  // the target as sent, without its query; "1.0" or "1.1"
  const Pair *headers;
  size_t header_count;
} HeadLines;

typedef struct {
  int status;          // the status of the refusal, or 0
  const char *fault;   // of a refusal: the reason, one clause for the log
  int64_t body_len;    // -1 if there is no Content-Length
  bool chunked;        // the body comes in chunks
  bool expects;        // the client waits for "100 Continue" before it sends the body
  bool keeps;          // the client wants to keep the connection
  bool keeps_unasked;  // `keeps`, and a Connection header that does not say keep-alive
  bool upgrades;       // it asks for a protocol other than HTTP/2; none is supported
} Head;

// Reads what decides how the request and its connection are handled. The strings of the result are those of `lines`.
Head head_read(const HeadLines *lines);

#endif
