// The codec handles and buffers for answering one callback, kept between callbacks. The pool returns the workspace that
// was used last on the same core, so there are at most as many workspaces as callbacks that were ever under way at
// once.
#ifndef WEMOON_BOT_WORKSPACE_H
#define WEMOON_BOT_WORKSPACE_H

#include "base/arena.h"
#include "base/core_pool.h"
#include "bot/overdue.h"
#include "codec/aes.h"
#include "codec/digest.h"
#include "codec/xml.h"

typedef struct Workspace {
  Pooled pooled;  // first
  Digest *digest;
  Aes *aes;
  XmlParser *xml;
  NodeTree outer, tree;  // the document as posted; the message
  Buf plain, identity, reply, sealed;
  Arena *arena;     // query parameters; reset between callbacks
  OverdueRun run;   // of the script for this callback
  OverdueRun held;  // the same, once its request is held open without an answer
} Workspace;

typedef struct WorkspacePool WorkspacePool;

// Creates a pool. The workspaces' runs join `overdue`, which must not be asked any more once the pool is freed. Returns
// NULL without memory.
WorkspacePool *workspace_pool_new(Overdue *overdue);
void workspace_pool_free(WorkspacePool *pool);  // all workspaces must have been put back
// Returns an empty workspace, or NULL without memory. The caller puts it back with workspace_put.
Workspace *workspace_get(WorkspacePool *pool);
void workspace_put(WorkspacePool *pool, Workspace *workspace);  // NULL is allowed

#endif
