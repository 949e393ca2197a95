// One request on its way, inside net/: copied from what the caller gave, carried by one of libcurl's easy
// handles, and in the end the ClientResult that the receiver frees it through.
#ifndef WEMOON_NET_TRANSFER_H
#define WEMOON_NET_TRANSFER_H

#include <curl/curl.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/client.h"
#include "net/sockets.h"

typedef struct Transfer Transfer;

// What a part's bytes are read from.
typedef struct {
  Str data;
  int fd;  // -1: data
  off_t start, size, at;
} Source;

typedef struct Part {
  const char *name, *filename, *content_type;
  Source source;
  struct Part *next;
} Part;

struct Transfer {
  ClientResult result;  // first: client_result_free frees the transfer through it
  Client *client;
  Transfer *prev, *next;
  uint64_t id;
  bool cancelled, too_large, no_memory, head_ended;
  Arena *arena;  // the transfer itself, copies of the request, the answer's headers
  ClientRequest request;
  const char *url, *method;
  char place[280];  // transfer_place
  Part *parts;
  CURL *easy;
  CURLM *multi;  // it was added to
  struct curl_slist *headers;
  curl_mime *mime;
  Buf body;
  LoopTimer *delay;
  int64_t overdue_us;  // monotonic: libcurl should have ended it long ago
  char error[CURL_ERROR_SIZE];
  ClientDone done;
  void *ctx;
};

// Copies the request. NULL with ERR_MEMORY, or ERR_USAGE for one that cannot be sent.
Transfer *transfer_new(const ClientRequest *request, Err *err);
// Gives back what only a transfer under way needs; its easy handle is its owner's.
void transfer_release(Transfer *transfer);
// Host and port, for messages.
const char *transfer_place(Transfer *transfer);
// Says in the result what went wrong.
void transfer_fail(Transfer *transfer, CURLcode code);

// What an easy handle has to know beside the request; all of it outlives the handle.
typedef struct {
  const char *proxy, *ca_file;  // NULL: none, the system's
  CURLSH *share;
  Sockets *sockets;
} EasyOptions;

// Tells transfer->easy what to send, and to give the answer to the transfer. False without memory.
bool transfer_tell_easy(Transfer *transfer, const EasyOptions *options);

#endif
