// glibc's getaddrinfo_a: a thread of its own looks the name up.
#include "store/resolve.h"

#include "base/clock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct Resolver {
  struct gaicb ask;  // first: its thread may outlive the resolver
  bool asking;
  struct addrinfo hints;
  char host[];
};

Resolver *resolver_new(const char *host) {
  size_t len = strlen(host);
  Resolver *resolver = calloc(1, sizeof *resolver + len + 1);
  if (!resolver) return NULL;
  memcpy(resolver->host, host, len + 1);
  resolver->hints = (struct addrinfo){ .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  resolver->ask = (struct gaicb){ .ar_name = resolver->host, .ar_request = &resolver->hints };
  return resolver;
}

static void forget(Resolver *resolver) {
  if (resolver->ask.ar_result) freeaddrinfo(resolver->ask.ar_result);
  resolver->ask.ar_result = NULL;
}

// A look-up that is under way cannot be ended, and still writes here: it is left with what it has.
void resolver_free(Resolver *resolver) {
  if (!resolver || (resolver->asking && gai_cancel(&resolver->ask) == EAI_NOTCANCELED)) return;
  forget(resolver);
  free(resolver);
}

static bool begin(Resolver *resolver, const char **why) {
  struct gaicb *list[] = { &resolver->ask };
  if (resolver->asking) return true;
  forget(resolver);
  int failed = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
  if (failed) *why = gai_strerror(failed);
  return resolver->asking = !failed;
}

// False when the time is over.
static bool wait_for_it(Resolver *resolver, int64_t give_up_us) {
  const struct gaicb *list[] = { &resolver->ask };
  while (gai_error(&resolver->ask) == EAI_INPROGRESS) {
    int64_t left_us = give_up_us - clock_now_us();
    if (left_us <= 0) return false;
    gai_suspend(list, 1,
                &(struct timespec){ .tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000 });
  }
  return true;
}

static struct addrinfo *with_ipv4_first(struct addrinfo *all) {
  struct addrinfo *four = NULL, **four_end = &four, *others = NULL, **others_end = &others;
  for (struct addrinfo *next; all; all = next) {
    next = all->ai_next;
    struct addrinfo ***end = all->ai_family == AF_INET ? &four_end : &others_end;
    all->ai_next = NULL;
    **end = all;
    *end = &all->ai_next;
  }
  *four_end = others;
  return four;
}

const struct addrinfo *resolver_ask(Resolver *resolver, int64_t give_up_us, const char **why) {
  if (!begin(resolver, why)) return NULL;
  if (!wait_for_it(resolver, give_up_us)) {
    *why = "its name is still being looked up: the name server does not answer";
    return NULL;
  }
  resolver->asking = false;
  int failed = gai_error(&resolver->ask);
  if (failed) {
    *why = gai_strerror(failed);
    return NULL;
  }
  return resolver->ask.ar_result = with_ipv4_first(resolver->ask.ar_result);
}
