// Who may ask a server that is meant for this machine alone: a browser here opens pages from anywhere, and
// those must not get at it, by its address or by a name of their own that leads to it (DNS rebinding).
#ifndef WEMOON_DEV_ORIGIN_H
#define WEMOON_DEV_ORIGIN_H

#include "net/server.h"

// NULL for a request that may be answered; else one sentence why it may not. `port` is the server's. A
// request with `any_site` may come from a page of any site, if it was meant for this address.
const char *origin_fault(const HttpRequest *head, int port, bool any_site);
// The same of a Host header alone: "localhost:8080", "127.0.0.1:8080" or "[::1]:8080".
bool origin_host_fits(Str host, int port);
// Whether `listen` ("ADDRESS:PORT", "PORT") can be reached from this machine alone.
bool origin_is_loopback(Str listen);

#endif
