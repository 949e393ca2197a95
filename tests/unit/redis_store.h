// A store on a redis-server of the test's own (redis_server.h).
#ifndef WEMOON_TESTS_REDIS_STORE_H
#define WEMOON_TESTS_REDIS_STORE_H

#include "redis_server.h"
#include "store/store.h"

static int redis_store_port;

// Starts a server and opens its store. NULL if one of them fails.
static Store *redis_store_open(void) {
  char url[64];
  redis_store_port = redis_server_port();
  if (!redis_server_start(redis_store_port)) return NULL;
  snprintf(url, sizeof url, "redis://127.0.0.1:%d/0", redis_store_port);
  return store_open(str_of(url), NULL);
}

// Starts the server again after redis_server_stop.
__attribute__((unused)) static bool redis_store_restart(void) {
  return redis_server_start(redis_store_port);
}

#endif
