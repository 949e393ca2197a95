// Distributes transfers over shards. The first shard with room gets a transfer, so that connections are used again, and
// the last shards become idle after a crowd and are closed. Beyond the limit of connections, transfers wait.
#include "net/multi.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "net/curl_memory.h"
#include "net/shard.h"

enum {
  CONNECTIONS_MAX = 4096,
  CONNECTIONS_LEAST = 128,
  FDS_FOR_OTHERS = 700,
  SHARD_SIZE = 256,  // among so many, searching all connections of a shard costs 1 us
  SHARDS_MAX = CONNECTIONS_MAX / SHARD_SIZE,
  IDLE_MS = 10 * 1000
};

struct Multi {
  MultiOptions options;
  CURLSH *share;
  EasyPool pool;
  size_t at_once;  // transfers of all shards
  Shard *shards[SHARDS_MAX];
  size_t count;
  TransferList waiting;  // for one of the shards to have room
  LoopTimer *idle;       // runs while there are shards beyond the first
  int open;              // shards not closed yet, and this
  void (*gone)(void *ctx);
  void *gone_ctx;
};

// Each connection takes a descriptor; the HTTP threads and the store need some too. Uses as many as the system
// allows.
static long connections_max(void) {
  struct rlimit limit;
  const rlim_t wanted = CONNECTIONS_MAX + FDS_FOR_OTHERS;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return CONNECTIONS_LEAST;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  long rest = limit.rlim_cur > wanted ? CONNECTIONS_MAX : (long)limit.rlim_cur - FDS_FOR_OTHERS;
  return rest < CONNECTIONS_LEAST ? CONNECTIONS_LEAST : rest;
}

// ---- shards -------------------------------------------------------------------------------------

static void release(void *ctx) {
  Multi *multi = ctx;
  if (--multi->open) return;
  multi->gone(multi->gone_ctx);
  free(multi);
}

// From the last one on: the first ones are used first.
static void drop_idle(void *ctx) {
  Multi *multi = ctx;
  bool used = false;
  for (size_t i = multi->count; i-- > 1;) {
    used = shard_was_used(multi->shards[i]) || used;
    if (!used) shard_free(multi->shards[--multi->count], release, multi);
  }
  if (multi->count > 1) return;
  loop_timer_stop(multi->idle);
  multi->idle = NULL;
}

static void on_ended(void *ctx, Transfer *transfer) {
  Multi *multi = ctx;
  multi->options.ended(multi->options.ctx, transfer);
}

static void start_waiting(void *ctx);

// NULL if there are enough, or without memory or descriptors.
static Shard *add_shard(Multi *multi) {
  size_t left = multi->at_once - multi->count * SHARD_SIZE;
  if (multi->count * SHARD_SIZE >= multi->at_once) return NULL;
  ShardOptions options = { .loop = multi->options.loop,
                           .proxy = multi->options.proxy,
                           .ca_file = multi->options.ca_file,
                           .share = multi->share,
                           .pool = &multi->pool,
                           .most = left < SHARD_SIZE ? left : SHARD_SIZE,
                           .ended = on_ended,
                           .room = start_waiting,
                           .ctx = multi };
  Shard *shard = shard_new(&options);
  if (!shard) return NULL;
  multi->shards[multi->count++] = shard;
  multi->open++;
  if (multi->count > 1 && !multi->idle)
    multi->idle = loop_timer(multi->options.loop, IDLE_MS, IDLE_MS, drop_idle, multi);
  return shard;
}

static Shard *shard_with_room(Multi *multi) {
  for (size_t i = 0; i < multi->count; i++) {
    if (shard_has_room(multi->shards[i])) return multi->shards[i];
  }
  return add_shard(multi);
}

// ---- transfers ----------------------------------------------------------------------------------

static void start_waiting(void *ctx) {
  Multi *multi = ctx;
  Shard *shard;
  for (Transfer *transfer; (transfer = multi->waiting.first) && (shard = shard_with_room(multi));) {
    transfer_list_remove(transfer);
    shard_start(shard, transfer);
  }
}

void multi_start(Multi *multi, Transfer *transfer) {
  Shard *shard = shard_with_room(multi);
  if (shard) shard_start(shard, transfer);
  else transfer_list_add(&multi->waiting, transfer);
}

void multi_take_back(Multi *multi, Transfer *transfer) {
  if (transfer->shard) shard_take_back(transfer->shard, transfer);
  else transfer_list_remove(transfer);
  start_waiting(multi);
}

void multi_go_on(Multi *multi, Transfer *transfer) {
  if (transfer->shard) shard_go_on(transfer->shard, transfer);
}

// ---- its own beginning and end ------------------------------------------------------------------

static CURLSH *make_share(void) {
  CURLSH *share = curl_share_init();
  if (!share) return NULL;
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  return share;
}

// The handles that use the share go before it.
void multi_free(Multi *multi, void (*gone)(void *ctx), void *ctx) {
  EasyPool *pool = &multi->pool;
  multi->gone = gone;
  multi->gone_ctx = ctx;
  loop_timer_stop(multi->idle);
  while (pool->count) curl_easy_cleanup(pool->kept[--pool->count].easy);
  origin_clear(&pool->origin);
  while (multi->count) shard_free(multi->shards[--multi->count], release, multi);
  curl_share_cleanup(multi->share);
  curl_memory_release();
  release(multi);
}

Multi *multi_new(const MultiOptions *options) {
  Multi *multi = curl_memory_init() ? calloc(1, sizeof *multi) : NULL;
  if (!multi) return NULL;
  curl_memory_keep();
  multi->options = *options;
  multi->open = 1;
  multi->at_once = (size_t)connections_max();
  multi->share = make_share();
  if (multi->share && add_shard(multi)) return multi;
  if (multi->share) curl_share_cleanup(multi->share);
  curl_memory_release();
  free(multi);
  return NULL;
}
