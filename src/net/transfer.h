// One request on its way: what the caller gave, which is borrowed, the easy handle of libcurl's that carries
// it, and the ClientResult that is being filled.
#ifndef WEMOON_NET_TRANSFER_H
#define WEMOON_NET_TRANSFER_H

#include <curl/curl.h>
#include <sys/types.h>

#include "net/client.h"
#include "net/sockets.h"

typedef struct Transfer Transfer;

// How far a part of the body has been read.
typedef struct {
  const ClientPart *part;
  off_t start, size, at;
} Source;

// A list of transfers; each is in one at most.
typedef struct {
  Transfer *first, *last;
} TransferList;

struct Transfer {
  TransferList *list;
  Transfer *prev, *next;
  Client *client;
  uint64_t id;
  // What other threads ask of it, under the client's lock.
  Transfer *next_asked;
  bool asked, cancelled;
  bool ended;
  const ClientRequest *request;
  ClientDone done;
  void *ctx;
  ClientResult *result;
  LoopTimer *delay, *deadline, *idle;
  bool announced;    // the receiver of a stream has the head
  bool held;         // and has refused bytes
  int64_t heard_us;  // when the sender last said something
  // The present leg: a redirect begins another one.
  const char *url, *method;
  char *location;            // owns `url` after a redirect; or NULL
  bool has_body, elsewhere;  // elsewhere: a redirect has left the origin that the request named
  int redirects;
  int sent;  // how often libcurl began to send this leg
  bool too_large, no_memory, head_ended;
  Source *sources;  // of the request's parts
  CURL *easy;
  struct curl_slist *headers;
  curl_mime *mime;
  char error[CURL_ERROR_SIZE];
};

void transfer_list_add(TransferList *list, Transfer *transfer);
void transfer_list_remove(Transfer *transfer);  // from the one it is in, if any

// NULL with ERR_MEMORY, or ERR_USAGE for a request that cannot be sent.
Transfer *transfer_new(const ClientRequest *request, Err *err);
// Frees it and what libcurl needed for it, but neither its easy handle nor its result. NULL is allowed.
void transfer_free(Transfer *transfer);
enum { TRANSFER_PLACE_SIZE = 280 };
// Host and port, for messages; returns `out`.
const char *transfer_place(const Transfer *transfer, char out[TRANSFER_PLACE_SIZE]);
// Fills the result with what went wrong.
void transfer_fail(Transfer *transfer, CURLcode code);
void transfer_cancel(Transfer *transfer);
// It took too long, or the sender was silent too long.
void transfer_expire(Transfer *transfer);
void transfer_expire_idle(Transfer *transfer);
// The answer is a redirect that is to be followed: prepares the next leg. False: the answer is the result, or
// `*code` says why it cannot be followed.
bool transfer_redirect(Transfer *transfer, const char *location, CURLcode *code);
// Gives back what one leg needed, but for the easy handle.
void transfer_end_leg(Transfer *transfer);

// What an easy handle has to know beside the request; all of it outlives the handle.
typedef struct {
  const char *proxy, *ca_file;  // or NULL: none, the system's
  CURLSH *share;
  Sockets *sockets;
  bool fresh;  // every connection is in use: libcurl need not look for an idle one
} EasyOptions;

// Tells transfer->easy what to send, and to give the answer to the transfer. False without memory.
bool transfer_tell_easy(Transfer *transfer, const EasyOptions *options);

#endif
