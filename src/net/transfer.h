// One request under way: the caller's request, which is borrowed, libcurl's easy handle, and the ClientResult to fill.
#ifndef WEMOON_NET_TRANSFER_H
#define WEMOON_NET_TRANSFER_H

#include <curl/curl.h>
#include <sys/types.h>

#include "codec/url.h"
#include "net/client.h"
#include "net/sockets.h"

typedef struct Transfer Transfer;

// The read position in a part of the body.
typedef struct {
  const ClientPart *part;
  off_t start, size, at;
} Source;

// A list of transfers; each transfer is in one at most.
typedef struct {
  Transfer *first, *last;
} TransferList;

struct Transfer {
  TransferList *list;
  Transfer *prev, *next;
  struct Shard *shard;  // it runs there; or NULL
  Client *client;
  uint64_t id;
  // Requests of other threads; under the client's lock.
  Transfer *next_asked;
  bool asked, cancelled;
  bool ended;
  const ClientRequest *request;
  ClientDone done;
  void *ctx;
  ClientResult *result;
  LoopTimer *delay, *deadline, *idle;
  bool announced;    // the receiver of a stream was given the head
  bool held;         // the receiver refused bytes
  int64_t heard_us;  // when the last bytes arrived
  // The current leg; a redirect begins another.
  const char *url, *method;
  size_t origin_len;         // of `url`: scheme, host and port, before the path
  char *location;            // owns `url` after a redirect; or NULL
  bool has_body, elsewhere;  // elsewhere: a redirect has left the origin that the request named
  int redirects;
  int sent;  // how many times libcurl began to send this leg
  bool too_large, no_memory;
  bool too_many;                // all answers together are too large
  bool head_began, head_ended;  // a header came; the line behind the last one did
  Source *sources;              // of the request's parts
  CURL *easy;
  bool plain;     // `easy` was told nothing but what the next request is told anew, or needs too
  CURLU *target;  // `url`, or its origin, parsed
  struct curl_slist *headers;
  struct curl_slist
      *headers_end;  // the last one that is the transfer's own, others follow; or NULL
  curl_mime *mime;
};
// While the transfer runs, libcurl puts its own words on an error into the result's text.
_Static_assert(sizeof((Err){ 0 }.text) >= CURL_ERROR_SIZE, "libcurl's words fit");

// Adds the transfer to the list. It is in none yet.
void transfer_list_add(TransferList *list, Transfer *transfer);
void transfer_list_remove(Transfer *transfer);                  // from the one it is in, if any
void transfer_list_move(TransferList *from, TransferList *to);  // all of them, to the end

// NULL with ERR_MEMORY, or ERR_USAGE for a request that cannot be sent.
Transfer *transfer_new(const ClientRequest *request, Err *err);
// Frees it and libcurl's lists for it, but not its easy handle and its result. NULL is allowed.
void transfer_free(Transfer *transfer);
// Host and port, for messages; returns `out`.
const char *transfer_place(const Transfer *transfer, char out[URL_PLACE_SIZE]);
bool transfer_is_https(const Transfer *transfer);
// Whether it needs no option but those that every request is told: most do.
bool transfer_is_plain(const Transfer *transfer);
// Fills the result with an error.
void transfer_fail(Transfer *transfer, CURLcode code);
void transfer_cancel(Transfer *transfer);  // notes CLIENT_CANCELLED
// The error of a transfer that took too long, or whose sender was silent for too long.
void transfer_expire(Transfer *transfer);
void transfer_expire_idle(Transfer *transfer);
// Prepares the next leg if the answer is a redirect to follow. False: the answer is the result, or *code says why the
// redirect cannot be followed.
bool transfer_redirect(Transfer *transfer, const char *location, CURLcode *code);
// Frees what the leg needed, except the easy handle.
void transfer_end_leg(Transfer *transfer);

// The origin of the transfer before, parsed by libcurl: most requests go to one. All zero at first.
typedef struct {
  Buf text;  // "https://api.weixin.qq.com/"
  CURLU *parsed;
} Origin;
void origin_clear(Origin *origin);

// Settings of an easy handle beside the request; they outlive the handle.
typedef struct {
  const char *proxy, *ca_file;  // or NULL: none, the system's
  CURLSH *share;
  Sockets *sockets;
  Origin *origin;
  bool fresh;  // every connection is in use: libcurl need not look for an idle one
  bool told;   // the handle was used for a plain transfer, and not reset: most options are set
} EasyOptions;

// Sets up transfer->easy: the request to send, and the transfer as the receiver of the answer. False without memory.
// Notes in transfer->plain whether a plain transfer can follow without a reset; if only a plain one may, options->told.
bool transfer_tell_easy(Transfer *transfer, const EasyOptions *options);

#endif
