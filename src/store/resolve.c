// Each lookup has a thread of its own, which ends when the system answers, even after its caller gave up.
#include "store/resolve.h"

#include "base/clock.h"
#include "base/mutex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Counted: held by its resolver and by its thread.
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  int holders;
  bool over;
  int failed;  // getaddrinfo's error
  struct addrinfo *addresses;
  char host[];
} Lookup;

struct Resolver {
  Lookup *lookup;              // NULL: none is under way
  struct addrinfo *addresses;  // of the last one
  char host[];
};

Resolver *resolver_new(const char *host) {
  size_t size = strlen(host) + 1;
  Resolver *resolver = calloc(1, sizeof *resolver + size);
  if (resolver) memcpy(resolver->host, host, size);
  return resolver;
}

// ---- one look-up --------------------------------------------------------------------------------

// With its lock held, which it releases.
static void let_go(Lookup *lookup) {
  bool last = --lookup->holders == 0;
  pthread_mutex_unlock(&lookup->mutex);
  if (!last) return;
  if (lookup->addresses) freeaddrinfo(lookup->addresses);
  pthread_cond_destroy(&lookup->ended);
  pthread_mutex_destroy(&lookup->mutex);
  free(lookup);
}

static void *run(void *arg) {
  Lookup *lookup = arg;
  struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *addresses = NULL;
  int failed = getaddrinfo(lookup->host, NULL, &hints, &addresses);
  pthread_mutex_lock(&lookup->mutex);
  lookup->addresses = failed ? NULL : addresses;
  lookup->failed = failed;
  lookup->over = true;
  pthread_cond_signal(&lookup->ended);
  let_go(lookup);
  return NULL;
}

// NULL without memory or thread.
static Lookup *begin(const char *host) {
  size_t size = strlen(host) + 1;
  pthread_t thread;
  Lookup *lookup = calloc(1, sizeof *lookup + size);
  if (!lookup) return NULL;
  memcpy(lookup->host, host, size);
  pthread_mutex_init(&lookup->mutex, NULL);
  condition_init(&lookup->ended);
  lookup->holders = 2;
  if (pthread_create(&thread, NULL, run, lookup) == 0) {
    pthread_detach(thread);
    return lookup;
  }
  pthread_mutex_lock(&lookup->mutex);
  lookup->holders--;
  let_go(lookup);
  return NULL;
}

// With its lock held. False at the deadline.
static bool wait_for_it(Lookup *lookup, int64_t give_up_us) {
  struct timespec until = clock_to_timespec(give_up_us);
  while (!lookup->over && pthread_cond_timedwait(&lookup->ended, &lookup->mutex, &until) == 0) {
  }
  return lookup->over;
}

// ---- public -------------------------------------------------------------------------------------

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

static void forget(Resolver *resolver) {
  if (resolver->addresses) freeaddrinfo(resolver->addresses);
  resolver->addresses = NULL;
}

void resolver_free(Resolver *resolver) {
  if (!resolver) return;
  if (resolver->lookup) {
    pthread_mutex_lock(&resolver->lookup->mutex);
    let_go(resolver->lookup);
  }
  forget(resolver);
  free(resolver);
}

const struct addrinfo *resolver_ask(Resolver *resolver, int64_t give_up_us, const char **why) {
  forget(resolver);
  if (!resolver->lookup && !(resolver->lookup = begin(resolver->host))) {
    *why = "no memory, or no thread, to look its name up";
    return NULL;
  }
  Lookup *lookup = resolver->lookup;
  pthread_mutex_lock(&lookup->mutex);
  if (!wait_for_it(lookup, give_up_us)) {
    pthread_mutex_unlock(&lookup->mutex);
    *why = "its name is still being looked up: the name server does not answer";
    return NULL;
  }
  if (lookup->failed) *why = gai_strerror(lookup->failed);
  resolver->addresses = with_ipv4_first(lookup->addresses);
  lookup->addresses = NULL;
  resolver->lookup = NULL;
  let_go(lookup);
  return resolver->addresses;
}
