// One multi handle of libcurl on the loop: runs a few hundred transfers from start to end. libcurl searches all
// connections of a handle, at the start and at the end of each transfer, so a crowd has many handles (net/multi). Loop
// thread only.
#ifndef WEMOON_NET_SHARD_H
#define WEMOON_NET_SHARD_H

#include "net/transfer.h"

typedef struct Shard Shard;

enum { EASY_KEPT = 64 };

typedef struct {
  CURL *easy;
  bool told;  // it has the options of a plain transfer still
} KeptEasy;

// libcurl's easy handles, and the last origin, to be used again.
typedef struct {
  KeptEasy kept[EASY_KEPT];
  size_t count;
  Origin origin;
} EasyPool;

typedef struct {
  Loop *loop;
  const char *proxy, *ca_file;  // or NULL; outlive the Shard, as `share` and `pool` do
  CURLSH *share;
  EasyPool *pool;
  size_t most;  // transfers at once, and connections kept
  // A transfer has ended and its result is filled; the callee owns the transfer.
  void (*ended)(void *ctx, Transfer *transfer);
  void (*room)(void *ctx);  // transfers may have ended: others can be started
  void *ctx;
} ShardOptions;

// NULL without memory or descriptors.
Shard *shard_new(const ShardOptions *options);
bool shard_has_room(const Shard *shard);  // for one more transfer
// Whether a transfer runs, or was started since the last call.
bool shard_was_used(Shard *shard);
// Takes ownership of the transfer, which is in no list, and sets transfer->shard. Calls `ended` exactly once, perhaps
// before this returns. Only with room.
void shard_start(Shard *shard, Transfer *transfer);
// Returns ownership of a transfer that has not ended; `ended` is not called.
void shard_take_back(Shard *shard, Transfer *transfer);
// The receiver of a stream accepts bytes again.
void shard_go_on(Shard *shard, Transfer *transfer);
// Call it when no transfer is left. Closes its connections; calls gone(ctx) on the loop once its handles are closed.
void shard_free(Shard *shard, void (*gone)(void *ctx), void *ctx);

#endif
