// Asynchronous HTTP requests, over libcurl's multi interface on the loop thread: thousands at once, without threads of
// their own. Connections and TLS sessions are kept and shared; HTTP/2 if the server has it. Certificates are verified
// unless a request says otherwise.
//
// What libcurl would do by itself, and what is done here instead (tests/unit/net_unasked_test.c holds each
// line):
//
//   a kept connection breaks    a `repeatable` request is sent again on another connection. Any other is sent
//                               once: CLIENT_UNKNOWN if it broke, or memory ran out, after sending began
//   reuse of a kept connection  one that was idle for 4 s is not used for what is sent only once
//   redirect                    only with `follow`, ten at most, http and https alone. 301 and 302 turn POST
//                               into GET, 303 all but HEAD; other methods keep method and body; another
//                               origin gets no Authorization, Cookie or Proxy-Authorization
//   time-out                    one clock for the whole request, redirects and repeats included
//   connect                     10 s at most
//   Expect: 100-continue        not sent, unless it is among the request's headers; then the body waits 1 s
//                               at most for the server's word; 417 is an answer like any other
//   decoding                    gzip is asked for and decoded; the headers stay as the server wrote them. A
//                               request's own Accept-Encoding goes out instead
//   cookies                     neither kept nor sent back
//   ~/.netrc                    not read
//   HTTP_PROXY, NO_PROXY, ...   not read; ClientOptions.proxy alone counts, for every host
//   user:password in the URL    sent as Basic authorisation; 401 is an answer like any other
//   HTTP/0.9, Alt-Svc           never
//   cleartext HTTP/2            never asked for (no Upgrade)
//
// A request with `stream` passes its answer on as it arrives. It has a connection of its own, over HTTP/1.1, so that
// its back pressure delays no other request; the connection is closed at its end. It asks for `identity` and decodes
// nothing.
//
// Left to libcurl: DNS answers are cached for 60 s; SSLKEYLOGFILE works, for those who can set the environment of the
// process and so could read its memory too.
#ifndef WEMOON_NET_CLIENT_H
#define WEMOON_NET_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pairs.h"
#include "net/loop.h"

typedef struct Client Client;

typedef struct {
  const char *proxy;    // "http://[USER:PASSWORD@]HOST:PORT", socks5:// too; or NULL
  const char *ca_file;  // PEM certificates to trust; NULL for the system's
} ClientOptions;

// A part of a multipart/form-data body. A file is read while it is sent, from its position at client_send to its end;
// the position does not move.
typedef struct ClientPart {
  Str name;
  Str filename;      // sent as it is (raw UTF-8) in filename="..."; empty for a plain field
  Str content_type;  // if empty: none for a field, application/octet-stream for a file
  Str data;          // its bytes if fd is -1
  int fd;            // a regular file, or -1
  struct ClientPart *next;
} ClientPart;

typedef struct ClientResult ClientResult;

// The receiver of a streamed answer. Called on the loop thread with the request's ctx, before `done`; must not block.
// `done` gets a result without headers and body.
typedef struct {
  // Called once, before any bytes, with status and headers of the last answer, borrowed.
  void (*head)(void *ctx, const ClientResult *result);
  // False: not accepted now. The sender is held back; the same bytes come again after client_go_on.
  bool (*bytes)(void *ctx, Str bytes);
  int64_t
      idle_ms;  // the longest silence of the sender, from the beginning on; not counted while it is held
} ClientStream;

// Each Str but `body` and a part's `data` is followed by a NUL.
typedef struct {
  Str method;            // "GET", "POST", ...
  Str url;               // http or https
  const Pairs *headers;  // or NULL
  Str body;              // sent with its length if has_body
  bool has_body;
  bool repeatable;  // a repeat does no harm (RFC 9110 §9.2.2): see the table above
  const ClientPart
      *parts;           // the body as multipart/form-data, its length known, not chunked; or NULL
  size_t response_max;  // bytes of an answer's body after decompression; beyond: CLIENT_TOO_LARGE
  size_t memory_max;    // beyond, the body goes to a nameless temporary file (`fd`); 0: never
  const ClientStream *stream;  // or NULL; response_max and memory_max do not concern it
  int64_t timeout_ms;  // of the whole request, from its beginning; positive, or CLIENT_NO_TIMEOUT
  int64_t delay_ms;    // begin that much later
  bool follow;         // follow redirects
  bool no_headers;     // the answer's headers are not wanted: ClientResult.headers stays empty
  bool insecure;       // do not verify the certificate
} ClientRequest;

typedef enum {
  CLIENT_OK,       // there is an answer, whatever its status
  CLIENT_NETWORK,  // the host is unknown, no connection, an untrusted certificate, or an early end
  CLIENT_TIMEOUT,
  CLIENT_TOO_LARGE,  // the answer's body goes beyond response_max, or all that are held beyond 256 MB (answer_bytes.h)
  // Not repeatable, and the connection broke or memory ran out after sending began: it may have arrived.
  CLIENT_UNKNOWN,
  CLIENT_CANCELLED  // client_cancel or client_free
} ClientOutcome;

enum { CLIENT_NO_TIMEOUT = -1 };

struct ClientResult {
  ClientOutcome outcome;
  int status;
  Pairs headers;  // of the last answer, in order
  Str body;       // NUL-terminated; empty unless fd is -1
  int fd;         // the body's file, read from 0, or -1; closed with the result
  size_t size;    // bytes of the body, wherever it is
  // if outcome is not CLIENT_OK: one sentence; it names host and port, never path, query or headers
  Err err;
  Arena *arena;    // holds the headers; or NULL
  Buf bytes;       // holds the body
  size_t counted;  // of its bytes, by net/answer_bytes
};

// Takes ownership of the result: free it with client_result_free, on any thread. Called on the loop thread; must not
// block. The request is no longer borrowed.
typedef void (*ClientDone)(void *ctx, ClientResult *result);

// Waits for the loop thread, so it must not be called on it. NULL with ERR_MEMORY, or ERR_USAGE if ca_file cannot be
// read.
Client *client_new(Loop *loop, const ClientOptions *options, Err *err);
// Ends requests under way with CLIENT_CANCELLED. Not on the loop thread; before loop_free. NULL is allowed.
void client_free(Client *client);

// Begins `request`, from any thread. The request and everything it points to, files included, are borrowed until `done`
// is called. Returns a handle for client_cancel; or 0, without calling `done`, with ERR_MEMORY, ERR_BUSY after
// client_free began, or ERR_USAGE for a request that cannot be sent (not an http URL, a header with a line break, a
// file that is not regular).
uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx,
                     Err *err);
// Cancels a request, from any thread: `done` is called soon with CLIENT_CANCELLED, unless it was called already.
void client_cancel(Client *client, uint64_t id);
// The receiver of a stream that refused bytes accepts them again. From any thread.
void client_go_on(Client *client, uint64_t id);
void client_result_free(ClientResult *result);  // NULL is allowed
size_t client_active(Client *client);           // requests under way
Loop *client_loop(const Client *client);        // the one it was made with
// A nameless temporary file, readable and writable, which vanishes when closed: for bodies too large for memory. -1
// with ERR_FAILED.
int client_temp_file(Err *err);

#endif
