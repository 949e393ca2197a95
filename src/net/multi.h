// libcurl's multi handle on the loop: it carries transfers from their start to their end. Loop thread only.
#ifndef WEMOON_NET_MULTI_H
#define WEMOON_NET_MULTI_H

#include "net/transfer.h"

typedef struct Multi Multi;

typedef struct {
  Loop *loop;
  const char *proxy, *ca_file;  // or NULL; outlive the Multi
  // A transfer has ended, its result is filled; the transfer is the receiver's.
  void (*ended)(void *ctx, Transfer *transfer);
  void *ctx;
} MultiOptions;

// NULL without memory or descriptors.
Multi *multi_new(const MultiOptions *options);
// Takes the transfer, which is in no list. `ended` is called for it exactly once, perhaps before this
// returns.
void multi_start(Multi *multi, Transfer *transfer);
// Gives back a transfer that was started and has not ended; `ended` is not called for it.
void multi_take_back(Multi *multi, Transfer *transfer);
// The receiver of a stream can take bytes again.
void multi_go_on(Multi *multi, Transfer *transfer);
// No transfer is left in it. gone(ctx) is called on the loop once it has closed its handles.
void multi_free(Multi *multi, void (*gone)(void *ctx), void *ctx);

#endif
