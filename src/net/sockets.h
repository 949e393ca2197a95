// libcurl's sockets, in an epoll(7) set of their own that the loop watches as one descriptor. libcurl unregisters a
// socket after each request and registers it for the next: six system calls with libuv, none here while its connection
// is kept.
#ifndef WEMOON_NET_SOCKETS_H
#define WEMOON_NET_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"

typedef struct Sockets Sockets;

// `flags`: what the socket is ready for, of libcurl's CURL_CSELECT_...
typedef void (*SocketsReady)(void *ctx, int fd, int flags);

// NULL without memory or descriptors. All functions on the loop thread only.
Sockets *sockets_new(Loop *loop, SocketsReady ready, void *ctx);
// Calls gone(ctx) once the loop no longer uses it. NULL is allowed: `gone` is not called.
void sockets_free(Sockets *sockets, void (*gone)(void *ctx));
// Watches the socket for `what`, one of libcurl's CURL_POLL_..., from now on. False without memory.
bool sockets_watch(Sockets *sockets, int fd, int what);
// For CURLOPT_OPENSOCKETFUNCTION: a new socket, closed in programs that a script starts; -1 without descriptors.
curl_socket_t sockets_open(void *sockets, curlsocktype purpose, struct curl_sockaddr *address);
// For CURLOPT_CLOSESOCKETFUNCTION: stops watching the socket and closes it.
int sockets_close(void *sockets, curl_socket_t fd);
// Stops watching all sockets.
void sockets_forget(Sockets *sockets);
// How many are open. Sockets that libcurl closed by itself still count.
size_t sockets_count(const Sockets *sockets);

#endif
