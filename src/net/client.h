// Asynchronous HTTP requests over libcurl's multi interface on the loop thread: thousands under way at once
// need no thread each. Connections and TLS sessions are kept and shared; HTTP/2 where the other side has it.
// Certificates are verified unless a request says otherwise. The environment's proxy variables are not looked
// at.
#ifndef WEMOON_NET_CLIENT_H
#define WEMOON_NET_CLIENT_H

#include "base/pairs.h"
#include "base/err.h"
#include "net/loop.h"

typedef struct Client Client;

typedef struct {
  const char *proxy;    // "http://[USER:PASSWORD@]HOST:PORT", socks5:// too; NULL: none
  const char *ca_file;  // PEM certificates to trust; NULL: the system's
} ClientOptions;

// A part of a multipart/form-data body. A file is read while it is sent, from where `fd` stands now to its
// end.
typedef struct ClientPart {
  Str name;
  Str filename;      // goes out as it is (raw UTF-8) in filename="..."; empty: a plain field
  Str content_type;  // empty: none for a field, application/octet-stream for a file
  Str data;          // its bytes, where fd is -1
  int fd;            // a regular file (or -1); duplicated, the caller's stays the caller's
  struct ClientPart *next;
} ClientPart;

typedef struct {
  Str method;            // "GET", "POST", ...
  Str url;               // http or https
  const Pairs *headers;  // NULL: none
  Str body;              // sent with its length where has_body
  bool has_body;
  const ClientPart
      *parts;  // the body is multipart/form-data, its length known, not chunked; NULL: none
  size_t response_max;  // bytes of an answer's body after decompression; beyond: CLIENT_TOO_LARGE
  size_t
      memory_max;  // beyond, the body goes to a nameless temporary file (`fd`); 0: always in memory
  int64_t timeout_ms;  // for the whole, from when it begins; must be positive
  int64_t delay_ms;    // begin that much later
  bool follow;         // follow redirects, ten at most
  bool insecure;       // do not verify the certificate
} ClientRequest;

typedef enum {
  CLIENT_OK,       // there is an answer, whatever its status
  CLIENT_NETWORK,  // no name, no connection, no trust, or it ended early
  CLIENT_TIMEOUT,
  CLIENT_TOO_LARGE,  // the answer's body goes beyond response_max
  CLIENT_CANCELLED   // client_cancel or client_free
} ClientOutcome;

typedef struct {
  ClientOutcome outcome;
  int status;
  Pairs headers;  // of the last answer, in order
  Str body;       // NUL-terminated; empty where fd is not -1
  int fd;         // the body's file, read from 0, or -1; closed with the result
  size_t size;    // bytes of the body, wherever it is
  // where outcome is not CLIENT_OK: one sentence; it names host and port, never path, query or headers
  Err err;
} ClientResult;

// Gets the result to keep: free it with client_result_free, on any thread. On the loop thread; must not
// block.
typedef void (*ClientDone)(void *ctx, ClientResult *result);

// Waits for the loop thread: not to be called from it. NULL with ERR_MEMORY, or ERR_USAGE for a ca_file that
// cannot be read.
Client *client_new(Loop *loop, const ClientOptions *options, Err *err);
// Ends what is under way with CLIENT_CANCELLED. Not from the loop thread, before loop_free. NULL is allowed.
void client_free(Client *client);

// Copies `request` and begins it; from any thread. Returns a number for client_cancel; 0 without memory,
// after client_free began, or for a request that cannot be sent (no http URL, a header with a line break, a
// file that is none): `done` is not called then.
uint64_t client_send(Client *client, const ClientRequest *request, ClientDone done, void *ctx,
                     Err *err);
// Ends a request: its `done` comes soon with CLIENT_CANCELLED, unless it has come or is under way. From any
// thread.
void client_cancel(Client *client, uint64_t id);
void client_result_free(ClientResult *result);  // NULL is allowed
size_t client_active(Client *client);           // requests under way
// A file without a name, readable and writable, gone when closed: for bytes too many to be held in memory. -1
// with ERR_FAILED.
int client_temp_file(Err *err);

#endif
