// The sockets that libcurl waits for: an epoll(7) set of their own, which the loop watches as one descriptor.
// libcurl says at the end of each request that its socket is to be watched no more, and at the beginning of
// the next that it is; libuv would make six system calls of that, this makes one.
#ifndef WEMOON_NET_SOCKETS_H
#define WEMOON_NET_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"

typedef struct Sockets Sockets;

// `flags`, of libcurl's CURL_CSELECT_...: what the socket is ready for.
typedef void (*SocketsReady)(void *ctx, int fd, int flags);

// NULL without memory or descriptors. Loop thread only, as all of this.
Sockets *sockets_new(Loop *loop, SocketsReady ready, void *ctx);
// `gone(ctx)` is called once the loop has let go of it. NULL is allowed: nothing happens.
void sockets_free(Sockets *sockets, void (*gone)(void *ctx));
// `what` is one of libcurl's CURL_POLL_...: what this socket is to be watched for from now on. False without
// memory.
bool sockets_watch(Sockets *sockets, int fd, int what);
// A new one, which no program that a script starts inherits; -1 without descriptors. As libcurl wants to be
// called (CURLOPT_OPENSOCKETFUNCTION).
curl_socket_t sockets_open(void *sockets, curlsocktype purpose, struct curl_sockaddr *address);
// Closes it, and forgets it first (CURLOPT_CLOSESOCKETFUNCTION).
int sockets_close(void *sockets, curl_socket_t fd);
// Stops watching all sockets.
void sockets_forget(Sockets *sockets);
// How many are open; too many if libcurl closed some without a word.
size_t sockets_count(const Sockets *sockets);

#endif
