// The addresses of a host, for one who cannot wait: the system's own look-up takes many seconds where the
// name server is silent. Inside store/.
#ifndef WEMOON_STORE_RESOLVE_H
#define WEMOON_STORE_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

typedef struct Resolver Resolver;

Resolver *resolver_new(const char *host);  // a name or a numeric address. NULL without memory
void resolver_free(Resolver *resolver);    // NULL is allowed
// Looks the host up, until `give_up_us` (monotonic) at most; a look-up that has not ended by then goes on,
// and is asked again with the next call. The addresses, those of IPv4 first, are valid until then. NULL:
// `*why` is what was wrong.
const struct addrinfo *resolver_ask(Resolver *resolver, int64_t give_up_us, const char **why);

#endif
