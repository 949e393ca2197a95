// Asynchronous HTTP requests over libcurl's multi interface on the loop thread: thousands under way at once
// need no thread each. Connections and TLS sessions are kept and shared; HTTP/2 if the server has it.
// Certificates are verified unless a request says otherwise.
//
// What libcurl would do by itself, and what is done here instead (tests/unit/net_unasked_test.c holds each
// line):
//
//   a kept connection breaks    a `repeatable` request is sent again on another connection. Any other is sent
//                               once: CLIENT_UNKNOWN if it broke after sending began
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
// A request with `stream` hands its answer on as it comes. It has a connection of its own, over HTTP/1.1, so
// that nobody else waits while it is held, and its end closes the connection; it asks for `identity`, and
// decodes nothing.
//
// Left to libcurl: an answer of the DNS is believed for 60 s; SSLKEYLOGFILE, for those who may set the
// process's environment, and could read its memory as well.
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

// A part of a multipart/form-data body. A file is read while it is sent, from its position when client_send
// was called to its end; the position stays as it is.
typedef struct ClientPart {
  Str name;
  Str filename;      // goes out as it is (raw UTF-8) in filename="..."; empty for a plain field
  Str content_type;  // if empty: none for a field, application/octet-stream for a file
  Str data;          // its bytes if fd is -1
  int fd;            // a regular file, or -1
  struct ClientPart *next;
} ClientPart;

typedef struct ClientResult ClientResult;

// Who takes an answer as it comes. Called on the loop thread with the request's ctx, before `done`; must not
// block. `done` gets a result without headers and body.
typedef struct {
  // Once, before any bytes: status and headers of the last answer, borrowed.
  void (*head)(void *ctx, const ClientResult *result);
  // False: not taken now. The sender is held; the same bytes come again after client_go_on.
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
  int64_t
      timeout_ms;  // for the whole, counted from when it begins; positive; CLIENT_NO_TIMEOUT: none
  int64_t delay_ms;  // begin that much later
  bool follow;       // follow redirects
  bool insecure;     // do not verify the certificate
} ClientRequest;

typedef enum {
  CLIENT_OK,       // there is an answer, whatever its status
  CLIENT_NETWORK,  // no name, no connection, no trust, or it ended early
  CLIENT_TIMEOUT,
  CLIENT_TOO_LARGE,  // the answer's body goes beyond response_max
  CLIENT_UNKNOWN,  // not repeatable, and the connection broke after sending began: it may have happened
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
  Arena *arena;  // holds the headers; or NULL
  Buf bytes;     // holds the body
};

// Gets the result to keep: free it with client_result_free, on any thread. Called on the loop thread; must
// not block. The request is the caller's again.
typedef void (*ClientDone)(void *ctx, ClientResult *result);

// Waits for the loop thread: not to be called from it. NULL with ERR_MEMORY, or ERR_USAGE for a ca_file that
// cannot be read.
Client *client_new(Loop *loop, const ClientOptions *options, Err *err);
// Ends what is under way with CLIENT_CANCELLED. Not from the loop thread; before loop_free. NULL is allowed.
void client_free(Client *client);

// Begins `request`, which is borrowed with all that it points to, files included, until `done` is called;
// from any thread. Returns a number for client_cancel. 0, and `done` is not called, with ERR_MEMORY, ERR_BUSY
// after client_free began, or ERR_USAGE for a request that cannot be sent (no http URL, a header with a line
// break, a file that is not a regular one).
uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx,
                     Err *err);
// Ends a request: its `done` comes soon with CLIENT_CANCELLED, unless it has come or is under way. From any
// thread.
void client_cancel(Client *client, uint64_t id);
// The receiver of a stream that refused bytes can take some again. From any thread.
void client_go_on(Client *client, uint64_t id);
void client_result_free(ClientResult *result);  // NULL is allowed
size_t client_active(Client *client);           // requests under way
Loop *client_loop(const Client *client);        // the one it was made with
// A file without a name, readable and writable, gone when closed: for bytes too many to be held in memory. -1
// with ERR_FAILED.
int client_temp_file(Err *err);

#endif
