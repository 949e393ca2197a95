// What the head of a request says of its body and its connection (RFC 9112), and whether it may be believed:
// where a proxy in front could have understood another end of the body or another host, the request is
// refused.
#ifndef WEMOON_NET_HEAD_H
#define WEMOON_NET_HEAD_H

#include "base/pairs.h"

typedef struct {
  const char *method, *target, *version;  // the target as sent, without its query; "1.0" or "1.1"
  const Pair *headers;
  size_t header_count;
} HeadLines;

typedef struct {
  int status;         // what the request is refused with, or 0
  const char *fault;  // one clause for the log, if it is refused
  int64_t body_len;   // -1 if no length was given
  bool chunked;       // the body comes in chunks
  bool expects;       // the client waits for "100 Continue" before it sends the body
  bool keeps;         // the client wants to keep the connection
  bool upgrades;      // it asks for another protocol than HTTP/2, which nobody here speaks
} Head;

Head head_read(const HeadLines *lines);

#endif
