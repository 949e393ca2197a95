// The head of a request as nearly all clients send it.
#ifndef WEMOON_NET_PLAIN_HEAD_H
#define WEMOON_NET_PLAIN_HEAD_H

#include "base/pairs.h"

enum {
  PLAIN_HEAD_MAX = 2048,  // bytes
  PLAIN_HEADERS_MAX = 32
};

// Its parts are in `text`, each NUL-terminated.
typedef struct {
  const char *method, *path, *query;  // as sent; the query without '?', NULL if there is none
  const char *version;                // "1.1" or "1.0"
  Pair headers[PLAIN_HEADERS_MAX];    // in their order; a value has no blanks in front
  size_t header_count;
  size_t len;                      // of the head, with the blank line at its end
  size_t body_len;                 // its Content-Length; 0 without one
  char text[PLAIN_HEAD_MAX + 16];  // a whole lane may be read from each of its bytes
} PlainHead;

// Reads the head at the front of `bytes`. False if it is incomplete, or anything but plain: GET or POST, a path,
// HTTP/1.1 or 1.0, printable ASCII, lines that end with CR LF, names directly before their colons, at most one
// Content-Length, a number; no Transfer-Encoding, Upgrade or Expect. What is false here may still be a valid request.
bool plain_head_read(Str bytes, PlainHead *head);

// A thread's own, for its latest head, made with the first call; NULL without memory. It goes with its thread. In the
// memory that each thread begins with it would be a page of the many threads that may never serve.
PlainHead *plain_head_of_thread(void);

#endif
