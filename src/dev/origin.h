// Protects a server that is for this machine alone from web pages: a browser here opens pages from anywhere, and they
// must not reach it, neither by its address nor by a name of their own that resolves to it (DNS rebinding).
#ifndef WEMOON_DEV_ORIGIN_H
#define WEMOON_DEV_ORIGIN_H

#include "net/server.h"

// NULL if the request may be answered, else the reason, one sentence. `port` is the server's. With `any_site` pages of
// other sites may make the request, but its Host must be this address.
const char *origin_fault(const HttpRequest *head, int port, bool any_site);
// The same for a Host header alone: "localhost:8080", "127.0.0.1:8080" or "[::1]:8080".
bool origin_host_fits(Str host, int port);
// Whether `listen` ("ADDRESS:PORT", "PORT") is reachable from this machine alone.
bool origin_is_loopback(Str listen);

#endif
