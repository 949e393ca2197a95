// Looks up a host's addresses with a deadline: the system's own lookup takes many seconds if the name server is silent.
#ifndef WEMOON_STORE_RESOLVE_H
#define WEMOON_STORE_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

typedef struct Resolver Resolver;

Resolver *resolver_new(const char *host);  // a name or a numeric address. NULL without memory
void resolver_free(Resolver *resolver);    // NULL is allowed
// Looks the host up, until `give_up_us` (monotonic) at most. A lookup that takes longer goes on, and the next call
// waits for it. The addresses, IPv4 first, are valid until the next call. NULL: *why is the reason.
const struct addrinfo *resolver_ask(Resolver *resolver, int64_t give_up_us, const char **why);

#endif
