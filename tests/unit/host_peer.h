// The host's world with an HTTP client, and an HTTP peer run by the test. In Lua, `peer` is the peer's URL.
#ifndef WEMOON_TESTS_HOST_PEER_H
#define WEMOON_TESTS_HOST_PEER_H

#define HOST_IS_GLOBAL
#include "host_world.h"
#include "http_peer.h"
#include "net/client.h"

static Loop *loop;
static Client *client;
static Peer peer;
static char peer_url[40];

static int world_open_peer(void **state, PeerFn behave) {
  if (world_open_store(state) != 0) return -1;
  peer_start(&peer, behave, NULL);
  snprintf(peer_url, sizeof peer_url, "http://127.0.0.1:%d", peer.port);
  loop = loop_new(NULL);
  client = client_new(loop, &(ClientOptions){ 0 }, NULL);
  world.options.client = client;
  return client ? 0 : -1;
}

// The interpreter must be freed before the client.
static int world_close_peer(void **state) {
  interpreter_release(world.in);
  world.in = NULL;
  usleep(20000);
  client_free(client);
  loop_free(loop);
  peer_stop(&peer);
  return world_close(state);
}

static inline void assert_peer_holds(const char *code) {
  char script[4096];
  snprintf(script, sizeof script, "local peer = '%s' %s", peer_url, code);
  assert_holds(script);
}

static inline bool is_target(const PeerRequest *request, const char *path) {
  size_t len = strlen(path);
  return strncmp(request->target, path, len) == 0 &&
         (request->target[len] == 0 || request->target[len] == '?');
}

#endif
