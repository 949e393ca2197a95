// Reused codec handles and buffers for callbacks under way.
#include "bot/workspace.h"

#include <stdint.h>
#include <stdlib.h>

// A buffer that a large message has enlarged beyond this is freed, so that memory stays constant.
enum { KEEP_MAX = 64 * 1024 };

struct WorkspacePool {
  CorePool pool;
  Overdue *overdue;
};

static void workspace_free(Workspace *w) {
  if (!w) return;
  digest_free(w->digest);
  aes_free(w->aes);
  xml_parser_free(w->xml);
  nodes_clear(&w->outer);
  nodes_clear(&w->tree);
  buf_clear(&w->plain);
  buf_clear(&w->identity);
  buf_clear(&w->reply);
  buf_clear(&w->sealed);
  arena_free(w->arena);
  free(w);
}

static Workspace *workspace_new(Overdue *overdue) {
  Workspace *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  nodes_init(&w->outer);
  nodes_init(&w->tree);
  buf_init(&w->plain);
  buf_init(&w->identity);
  buf_init(&w->reply);
  buf_init(&w->sealed);
  w->digest = digest_new();
  w->aes = aes_new();
  w->xml = xml_parser_new();
  w->arena = arena_new();
  if (!w->digest || !w->aes || !w->xml || !w->arena) {
    workspace_free(w);
    return NULL;
  }
  overdue_join(overdue, &w->run);
  overdue_join(overdue, &w->held);
  return w;
}

static void empty_tree(NodeTree *tree) {
  if (tree->text.cap > KEEP_MAX || tree->cap * sizeof(Node) > KEEP_MAX || tree->failed) {
    nodes_clear(tree);
    nodes_init(tree);
  } else {
    nodes_reset(tree);
  }
}

static void empty_buf(Buf *buf) {
  if (buf->cap > KEEP_MAX || buf->failed) buf_clear(buf);
  else buf_reset(buf);
}

WorkspacePool *workspace_pool_new(Overdue *overdue) {
  WorkspacePool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  core_pool_init(&pool->pool);
  pool->overdue = overdue;
  return pool;
}

void workspace_pool_free(WorkspacePool *pool) {
  if (!pool) return;
  for (Pooled *w; (w = core_pool_take(&pool->pool));) workspace_free((Workspace *)w);
  core_pool_clear(&pool->pool);
  free(pool);
}

Workspace *workspace_get(WorkspacePool *pool) {
  Pooled *w = core_pool_take(&pool->pool);
  return w ? (Workspace *)w : workspace_new(pool->overdue);
}

void workspace_put(WorkspacePool *pool, Workspace *w) {
  if (!w) return;
  empty_tree(&w->outer);
  empty_tree(&w->tree);
  empty_buf(&w->plain);
  empty_buf(&w->identity);
  empty_buf(&w->reply);
  empty_buf(&w->sealed);
  arena_reset(w->arena);
  core_pool_put(&pool->pool, &w->pooled, SIZE_MAX);
}
