// Runs transfers on the loop over libcurl, thousands at once, at a cost each that does not grow with their number. Loop
// thread only.
#ifndef WEMOON_NET_MULTI_H
#define WEMOON_NET_MULTI_H

#include "net/transfer.h"

typedef struct Multi Multi;

typedef struct {
  Loop *loop;
  const char *proxy, *ca_file;  // or NULL; outlive the Multi
  // A transfer has ended and its result is filled; the callee owns the transfer.
  void (*ended)(void *ctx, Transfer *transfer);
  void *ctx;
} MultiOptions;

// NULL without memory or descriptors.
Multi *multi_new(const MultiOptions *options);
// Takes ownership of the transfer, which is in no list. Calls `ended` exactly once, perhaps before this returns.
void multi_start(Multi *multi, Transfer *transfer);
// Returns ownership of a transfer that has not ended; `ended` is not called.
void multi_take_back(Multi *multi, Transfer *transfer);
// The receiver of a stream accepts bytes again.
void multi_go_on(Multi *multi, Transfer *transfer);
// Call it when no transfer is left. Calls gone(ctx) on the loop once its handles are closed.
void multi_free(Multi *multi, void (*gone)(void *ctx), void *ctx);

#endif
